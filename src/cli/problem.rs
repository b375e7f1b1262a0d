//! Errors in rule and configuration files as people read them: the message, the line, and a caret under what is wrong.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::terminal;
use crate::rule::LoadError;

/// The error in full, without a line break at the end; in one line where no place in a file is meant.
pub(super) fn shown(error: &LoadError, colour: bool) -> String {
    let Some(excerpt) = &error.excerpt else {
        return format!("error: {}", terminal::printable(&error.to_string()));
    };
    let (message, file) = (terminal::printable(&error.message), terminal::printable(&error.file));
    let snippet = Snippet::source(excerpt.text.as_str())
        .line_start(error.line)
        .path(file.as_str())
        .fold(false)
        .annotation(AnnotationKind::Primary.span(excerpt.wrong.clone()));
    let report = [Level::ERROR.primary_title(message.as_str()).element(snippet)];
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).term_width(1_000).render(&report)
}

#[cfg(test)]
mod tests {
    use super::shown;
    use crate::rule::{ParamOverrides, load};

    #[test]
    fn a_caret_points_into_the_expression() {
        let error = load::load("r.yaml", RULE, &ParamOverrides::new()).unwrap_err();
        let expected = "\
error: `iam-user` has no fact `mfa_activ`; did you mean `mfa_active`?
 --> r.yaml:7:36
  |
7 | pass_when: \"has(user.name) || user.mfa_activ\"
  |                                    ^^^^^^^^^
";
        assert_eq!(shown(&error, false), expected.trim_end());
        assert!(shown(&error, true).contains("\u{1b}["));
    }

    const RULE: &str = "\
id: r
title: T should be
lifecycle: { preview: 0.1.0 }
severity: high
resource: iam-user
rationale: r
pass_when: \"has(user.name) || user.mfa_activ\"
message: m
remediation: { text: t }
references: []
examples: []
";
}
