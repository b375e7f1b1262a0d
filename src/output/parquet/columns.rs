//! The columns: the members of our OCSF events, with the types that Security Lake's own tables give them.
//!
//! Times are milliseconds since 1970 as in OCSF's JSON; `time_dt` is the same moment as a timestamp. JSON of any shape, the
//! values of facts, is kept as text. Every column may be null, so that columns can be added.

use std::fmt::Write as _;

use super::shred::{Leaf, Values};

/// A column, or a member of one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// The name of the member.
    pub(super) name: &'static str,
    /// What it holds.
    pub(super) kind: Kind,
}

/// What a column holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// An integer of 32 bits.
    Int,
    /// An integer of 64 bits.
    Long,
    /// Text.
    Text,
    /// Any JSON, as text.
    Json,
    /// ISO 8601, kept as a timestamp in milliseconds.
    Instant,
    /// Several of the same.
    List(&'static Kind),
    /// Members.
    Record(&'static [Column]),
}

use Kind::{Instant, Int, Json, List, Long, Record, Text};

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

const TEXTS: Kind = List(&Text);

/// The columns of class 2003 that our events have, in their order.
pub(super) const COLUMNS: &[Column] = &[
    column("activity_id", Int),
    column("activity_name", Text),
    column("category_uid", Int),
    column("category_name", Text),
    column("class_uid", Int),
    column("class_name", Text),
    column("type_uid", Long),
    column("type_name", Text),
    column("time", Long),
    column("time_dt", Instant),
    column("severity_id", Int),
    column("severity", Text),
    column("status_id", Int),
    column("status", Text),
    column("confidence_id", Int),
    column("confidence", Text),
    column("message", Text),
    column("comment", Text),
    column(
        "metadata",
        Record(&[
            column("version", Text),
            column("profiles", TEXTS),
            column("product", Record(&[column("name", Text), column("vendor_name", Text), column("version", Text)])),
        ]),
    ),
    column(
        "cloud",
        Record(&[
            column("provider", Text),
            column("cloud_partition", Text),
            column("region", Text),
            column("account", Record(&[column("uid", Text), column("type_id", Int), column("type", Text)])),
        ]),
    ),
    column(
        "compliance",
        Record(&[
            column("control", Text),
            column("standards", TEXTS),
            column("requirements", TEXTS),
            column("status_id", Int),
            column("status", Text),
            column("status_details", TEXTS),
        ]),
    ),
    column(
        "finding_info",
        Record(&[
            column("uid", Text),
            column("title", Text),
            column("desc", Text),
            column("created_time", Long),
            column("types", TEXTS),
            column(
                "analytic",
                Record(&[column("uid", Text), column("name", Text), column("type_id", Int), column("type", Text)]),
            ),
        ]),
    ),
    column(
        "resources",
        List(&Record(&[
            column("uid", Text),
            column("type", Text),
            column("cloud_partition", Text),
            column("region", Text),
        ])),
    ),
    column("remediation", Record(&[column("desc", Text), column("references", TEXTS)])),
    column("evidences", List(&Record(&[column("name", Text), column("data", Json)]))),
];

impl Kind {
    /// How many columns of plain values it comes to.
    pub(super) fn leaves(self) -> usize {
        match self {
            List(item) => item.leaves(),
            Record(members) => members.iter().map(|member| member.kind.leaves()).sum(),
            _ => 1,
        }
    }

    fn add_leaves(self, leaves: &mut Vec<Leaf>) {
        let values = match self {
            List(item) => return item.add_leaves(leaves),
            Record(members) => {
                for member in members {
                    member.kind.add_leaves(leaves);
                }
                return;
            }
            Int => Values::Int(Vec::new()),
            Long | Instant => Values::Long(Vec::new()),
            Text | Json => Values::Text(Vec::new()),
        };
        leaves.push(Leaf::of(values));
    }

    /// The field in the words of a Parquet schema.
    fn message(self, name: &str, text: &mut String) {
        let _ = match self {
            Int => writeln!(text, "optional int32 {name};"),
            Long => writeln!(text, "optional int64 {name};"),
            Text | Json => writeln!(text, "optional binary {name} (STRING);"),
            Instant => writeln!(text, "optional int64 {name} (TIMESTAMP(MILLIS,true));"),
            List(_) => writeln!(text, "optional group {name} (LIST) {{ repeated group list {{"),
            Record(_) => writeln!(text, "optional group {name} {{"),
        };
        match self {
            List(item) => {
                item.message("element", text);
                text.push_str("} }\n");
            }
            Record(members) => {
                for member in members {
                    member.kind.message(member.name, text);
                }
                text.push_str("}\n");
            }
            _ => {}
        }
    }

    /// The type in the words of Hive, Athena and Spark.
    fn ddl(self) -> String {
        match self {
            Int => "int".to_owned(),
            Long => "bigint".to_owned(),
            Text | Json => "string".to_owned(),
            Instant => "timestamp".to_owned(),
            List(item) => format!("array<{}>", item.ddl()),
            Record(members) => {
                let members: Vec<String> =
                    members.iter().map(|member| format!("{}:{}", member.name, member.kind.ddl())).collect();
                format!("struct<{}>", members.join(","))
            }
        }
    }
}

/// The schema of the files.
pub(super) fn message() -> String {
    let mut text = String::from("message compliance_finding {\n");
    for column in COLUMNS {
        column.kind.message(column.name, &mut text);
    }
    text.push('}');
    text
}

/// Room for the values of each column, empty.
pub(super) fn leaves() -> Vec<Leaf> {
    let mut leaves = Vec::new();
    for column in COLUMNS {
        column.kind.add_leaves(&mut leaves);
    }
    leaves
}

/// The columns as a table's definition lists them in Hive, Athena and Spark, one a line.
pub fn ddl() -> String {
    let lines: Vec<String> = COLUMNS.iter().map(|column| format!("`{}` {}", column.name, column.kind.ddl())).collect();
    lines.join(",\n") + "\n"
}
