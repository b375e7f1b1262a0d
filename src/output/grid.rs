//! Tables for terminals and pipes: boxed and wrapped to the width of the one, plain and one line a row in the other.

use std::io::{self, Write};

use comfy_table::{Attribute, Cell, ContentArrangement, Table, presets};

use super::Context;

/// An empty table for a destination.
pub(crate) fn grid(context: &Context, header: &[&str]) -> Table {
    let mut table = Table::new();
    // The width is decided by the command line alone: the crate must not ask the terminal.
    table.force_no_tty();
    if context.colour {
        table.enforce_styling();
    }
    if let Some(width) = context.width {
        table.load_preset(presets::UTF8_FULL_CONDENSED);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    } else {
        table.load_preset(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table.set_header(header.iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
    table
}

/// Writes a table without the blanks at the end of its lines.
pub(crate) fn write(table: &Table, sink: &mut dyn Write) -> io::Result<()> {
    for line in table.lines() {
        writeln!(sink, "{}", line.trim_end())?;
    }
    Ok(())
}
