//! The records of a report, rendered side by side and written in their order.

use std::io::{self, BufWriter, Write};

use rayon::prelude::*;

/// Records that one thread renders at a time.
const PART: usize = 64;
/// How many parts each thread has before what is rendered is written.
const PARTS: usize = 8;

/// Where a record is rendered to. Small pieces cost least in a buffer of fixed size.
pub(super) type Buffer<'b> = BufWriter<&'b mut dyn Write>;

/// Writes what `render` makes of each record. Some are in memory at a time, however many there are; few of them are not worth a
/// second thread.
pub(super) fn write<T: Sync>(
    mut records: impl Iterator<Item = T>,
    sink: &mut dyn Write,
    render: impl Fn(&T, &mut Buffer<'_>) -> io::Result<()> + Sync,
) -> io::Result<()> {
    let render = |part: &[T], sink: &mut dyn Write| {
        let mut buffer = BufWriter::new(sink);
        part.iter().try_for_each(|record| render(record, &mut buffer))?;
        buffer.flush()
    };
    let at_once = PART * PARTS * rayon::current_num_threads();
    loop {
        let some: Vec<T> = records.by_ref().take(at_once).collect();
        if some.len() < at_once {
            return render(&some, sink);
        }
        let rendered = some.par_chunks(PART).map(|part| {
            let mut bytes = Vec::new();
            render(part, &mut bytes).map(|()| bytes)
        });
        let rendered: Vec<io::Result<Vec<u8>>> = rendered.collect();
        rendered.into_iter().try_for_each(|bytes| sink.write_all(&bytes?))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_keep_their_order_and_none_is_lost() {
        for count in [0_usize, 1, PART, 5 * PART * PARTS * rayon::current_num_threads() + 7] {
            let mut bytes = Vec::new();
            write(0..count, &mut bytes, |record, sink| writeln!(sink, "{record}")).unwrap();
            let expected: Vec<String> = (0..count).map(|record| record.to_string()).collect();
            assert_eq!(String::from_utf8(bytes).unwrap().lines().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn what_cannot_be_rendered_ends_the_report() {
        let written = write(0..1_000, &mut Vec::new(), |record, _| match record {
            999 => Err(io::Error::other("no")),
            _ => Ok(()),
        });
        assert!(written.is_err());
    }
}
