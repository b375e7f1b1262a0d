//! Where in a text a JSON pointer leads: line and column, for messages that people follow into an editor.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// Where the value begins that a pointer leads to; where it leads nowhere, the last value on its way.
///
/// Names compare without regard to case when there is no exact one: IAM reads elements and operators so.
pub fn locate(text: &str, pointer: &str) -> Position {
    let mut offset = text.len() - text.trim_start().len();
    let mut value = text.trim_start();
    for name in pointer.split('/').skip(1) {
        let name = name.replace("~1", "/").replace("~0", "~");
        let Some(next) = member(value, &name) else { break };
        // Members are slices of the text, so that the distance of their starts is their place in it.
        offset += (next.as_ptr() as usize).saturating_sub(value.as_ptr() as usize);
        value = next;
    }
    position(text, offset)
}

fn member<'t>(value: &'t str, name: &str) -> Option<&'t str> {
    if value.starts_with('{') {
        let members: BTreeMap<Cow<'t, str>, &'t RawValue> = serde_json::from_str(value).ok()?;
        let like = || members.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        return members.get(name).or_else(like).map(|value| value.get());
    }
    let members: Vec<&'t RawValue> = serde_json::from_str(value).ok()?;
    members.get(name.parse::<usize>().ok()?).map(|value| value.get())
}

fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    Position { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\n{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    { \"é\": 1, \"condition\": { \"a/b\": [true] } }\n  ]\n}";

    #[track_caller]
    fn check(pointer: &str, line: usize, column: usize) {
        assert_eq!(locate(TEXT, pointer), Position { line, column }, "{pointer}");
    }

    #[test]
    fn a_pointer_leads_to_line_and_column() {
        check("", 2, 1);
        check("/Version", 3, 14);
        check("/Statement/0", 5, 5);
        check("/Statement/0/Condition/a~1b/0", 5, 38);
    }

    #[test]
    fn a_pointer_that_leads_nowhere_ends_at_the_last_value_on_its_way() {
        check("/Statement/7/Effect", 4, 16);
        check("/Nothing", 2, 1);
        assert_eq!(locate("not json", "/a"), Position { line: 1, column: 1 });
    }
}
