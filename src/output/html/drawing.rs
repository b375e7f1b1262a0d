//! Diagrams as inline SVG: one row a way, one box a node, states by colour, line and sign.
//!
//! A drawing has a title and a description for those who do not see it, and the reason stands below it as text.

use std::collections::BTreeSet;
use std::io::{self, Write};

use unicode_width::UnicodeWidthChar as _;

use super::super::escape::{cut, html, printable};
use crate::diagram::{Diagram, Edge, Kind, Node, State, Way};
use crate::report::Report;

const BOX: usize = 160;
const HEIGHT: usize = 52;
const ROW: usize = 72;
const MARGIN: usize = 4;
/// Columns of text that a box has room for.
const IN_BOX: usize = 20;
/// Characters of one text.
const TEXT: usize = 500;

/// Writes the sections of the diagrams that a report has.
pub(super) fn sections(report: &Report, sink: &mut dyn Write) -> io::Result<()> {
    let heads = [
        (
            Kind::AlertRoute,
            "alert-routes",
            "Whom alerts reach",
            "From what raises an alert, link by link, to somebody.",
        ),
        (Kind::Escalation, "escalations", "Ways to administrator", "Who could gain all permissions, and how."),
    ];
    for (kind, id, heading, about) in heads {
        let drawn: Vec<&Diagram> = report.diagrams.drawn.iter().filter(|one| one.kind == kind).collect();
        if drawn.is_empty() {
            continue;
        }
        writeln!(
            sink,
            "<section><details id=\"{id}\" open><summary>{heading} ({})</summary><p class=\"soft\">{about}</p>",
            drawn.len()
        )?;
        for (number, diagram) in drawn.into_iter().enumerate() {
            figure(diagram, &format!("{id}-{number}"), sink)?;
        }
        writeln!(sink, "</details></section>")?;
    }
    if report.diagrams.left_out > 0 {
        writeln!(sink, "<p class=\"soft\">{} more diagrams are not drawn.</p>", report.diagrams.left_out)?;
    }
    Ok(())
}

fn figure(diagram: &Diagram, id: &str, sink: &mut dyn Write) -> io::Result<()> {
    let title = text(&diagram.title);
    let (class, word) = verdict(diagram.kind, diagram.state);
    writeln!(
        sink,
        "<figure class=\"way\"><figcaption><span class=\"badge {class}\">{word}</span> <code>{title}</code></figcaption>"
    )?;
    writeln!(sink, "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"Diagram of {title}\">")?;
    drawing(diagram, id, sink)?;
    writeln!(sink, "</div>")?;
    let reasons: BTreeSet<&str> = diagram.ways.iter().filter_map(|way| way.reason.as_deref()).collect();
    for reason in reasons {
        writeln!(sink, "<p>{}</p>", text(reason))?;
    }
    if diagram.further_ways > 0 {
        writeln!(sink, "<p class=\"soft\">and {} more ways</p>", diagram.further_ways)?;
    }
    writeln!(sink, "</figure>")
}

/// The badge of a diagram: an alert that gets there is good, a principal that gets there is not.
fn verdict(kind: Kind, state: State) -> (&'static str, &'static str) {
    match (kind, state) {
        (Kind::AlertRoute, State::Holds) => ("pass", "reaches"),
        (Kind::AlertRoute, State::Broken) => ("fail", "reaches nobody"),
        (Kind::AlertRoute, State::Unknown) => ("unknown", "unknown"),
        (Kind::Escalation, State::Holds) => ("fail", "gets there"),
        (Kind::Escalation, _) => ("unknown", "may get there"),
    }
}

fn drawing(diagram: &Diagram, id: &str, sink: &mut dyn Write) -> io::Result<()> {
    let gap = if diagram.kind == Kind::Escalation { 210 } else { 40 };
    let columns = diagram.ways.iter().map(|way| way.nodes.len()).max().unwrap_or(1);
    let width = 2 * MARGIN + columns * BOX + columns.saturating_sub(1) * gap;
    let height = 2 * MARGIN + diagram.ways.len().max(1) * ROW - (ROW - HEIGHT);
    writeln!(
        sink,
        "<svg class=\"{}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\"><title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>",
        if diagram.kind == Kind::Escalation { "danger" } else { "route" },
        text(&diagram.title),
        text(&described(diagram)),
    )?;
    for (row, way) in diagram.ways.iter().enumerate() {
        let top = MARGIN + row * ROW;
        let left = |column: usize| MARGIN + column * (BOX + gap);
        for (column, edge) in way.edges.iter().enumerate() {
            arrow(edge, left(column) + BOX, left(column + 1), top + HEIGHT / 2, sink)?;
        }
        for (column, one) in way.nodes.iter().enumerate() {
            node(one, left(column), top, sink)?;
        }
    }
    writeln!(sink, "</svg>")
}

fn node(node: &Node, left: usize, top: usize, sink: &mut dyn Write) -> io::Result<()> {
    let whole = if node.name.is_empty() { node.what.clone() } else { format!("{} {}", node.what, node.name) };
    let (class, sign) = look(node.state);
    write!(
        sink,
        "<g class=\"node {class}\"><title>{}: {}</title><rect x=\"{left}\" y=\"{top}\" width=\"{BOX}\" height=\"{HEIGHT}\" rx=\"8\"/>",
        text(&whole),
        word(node.state)
    )?;
    let (what, name) =
        if node.name.is_empty() { ("", node.what.as_str()) } else { (node.what.as_str(), node.name.as_str()) };
    let baseline = if what.is_empty() { top + 31 } else { top + 38 };
    if !what.is_empty() {
        write!(
            sink,
            "<text class=\"what\" x=\"{}\" y=\"{}\">{}</text>",
            left + 10,
            top + 19,
            html(&fitted(what, IN_BOX))
        )?;
    }
    write!(sink, "<text x=\"{}\" y=\"{baseline}\">{}</text>", left + 10, html(&fitted(name, IN_BOX)))?;
    writeln!(sink, "<text class=\"sign\" x=\"{}\" y=\"{}\">{sign}</text></g>", left + BOX - 18, top + 19)
}

fn arrow(edge: &Edge, from: usize, to: usize, height: usize, sink: &mut dyn Write) -> io::Result<()> {
    let (class, _) = look(edge.state);
    let end = to.saturating_sub(8);
    write!(
        sink,
        "<g class=\"edge {class}\"><path d=\"M{from} {height}H{end}\"/><path class=\"head\" d=\"M{to} {height}l-9 -5v10z\"/>"
    )?;
    if !edge.what.is_empty() {
        let middle = usize::midpoint(from, to);
        let room = (to - from) / 7;
        write!(
            sink,
            "<title>{}</title><text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            text(&edge.what),
            height.saturating_sub(8),
            html(&fitted(&edge.what, room))
        )?;
    }
    writeln!(sink, "</g>")
}

/// Class and sign of a state: the colour is never alone.
fn look(state: State) -> (&'static str, &'static str) {
    match state {
        State::Holds => ("holds", "\u{2713}"),
        State::Broken => ("broken", "\u{2717}"),
        State::Unknown => ("open", "?"),
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Holds => "holds",
        State::Broken => "broken",
        State::Unknown => "not known",
    }
}

/// The diagram in words, for those who do not see it.
fn described(diagram: &Diagram) -> String {
    let ways: Vec<String> = diagram.ways.iter().map(told).collect();
    ways.join(". ")
}

fn told(way: &Way) -> String {
    let mut words = String::new();
    for (position, node) in way.nodes.iter().enumerate() {
        if position > 0 {
            let edge = way.edges.get(position - 1).map_or("", |edge| edge.what.as_str());
            words += if edge.is_empty() { ", then " } else { ", by " };
            words += edge;
            words += if edge.is_empty() { "" } else { " to " };
        }
        words += &node.what;
        if !node.name.is_empty() {
            words.extend([" ", &node.name]);
        }
        words.extend([" (", word(node.state), ")"]);
    }
    if let Some(reason) = &way.reason {
        words.extend([": ", reason]);
    }
    words
}

fn text(text: &str) -> String {
    html(&cut(text, TEXT))
}

/// As much of a text as fits into so many columns.
fn fitted(text: &str, room: usize) -> String {
    let text = printable(&cut(text, TEXT));
    let mut used = 0;
    let mut shown = String::new();
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > room {
            shown.pop();
            shown.push('…');
            break;
        }
        shown.push(character);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::fitted;

    #[test]
    fn text_fits_its_box() {
        assert_eq!(fitted("billing-alarm", 20), "billing-alarm");
        assert_eq!(fitted("a-name-that-is-too-long-for-a-box", 10), "a-name-th…");
        assert_eq!(fitted("田中さん田中さん", 6), "田中…");
    }
}
