//! Renders reports, and checks what every format promises.

use posture::output::{Context, FORMATS, find};
use posture::report::Report;

use crate::sample;

/// The destinations that the command line may decide on.
pub(crate) fn contexts() -> Vec<Context> {
    let mut contexts = vec![Context::default()];
    for width in [1, 20, 80, 200, 100_000] {
        for colour in [false, true] {
            contexts.push(Context {
                width: Some(width),
                colour,
                snapshot: Some("account.json".to_owned()),
                ..Context::default()
            });
        }
    }
    contexts
}

pub(crate) fn render(format: &str, report: &Report, context: &Context) -> String {
    let mut bytes = Vec::new();
    let renderer = find(format).unwrap_or_else(|| panic!("no format `{format}`"));
    renderer.render(report, context, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn rendered(format: &str, report: &Report) -> String {
    render(format, report, &Context::default())
}

/// Validates against a JSON Schema of `fixtures/schemas`.
pub(crate) fn assert_valid(schema: &serde_json::Value, document: &serde_json::Value) {
    let validator = jsonschema::validator_for(schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

pub(crate) fn schema(name: &str) -> serde_json::Value {
    let path = format!("{}/fixtures/schemas/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_format_is_byte_identical_twice() {
    for report in [sample::harmless(), sample::denied_account(), sample::clean_account()] {
        for (format, _) in FORMATS {
            for context in contexts() {
                assert_eq!(render(format, &report, &context), render(format, &report.clone(), &context), "{format}");
            }
        }
    }
}

#[test]
fn formats_are_found_by_name_and_listed_in_order() {
    assert!(FORMATS.is_sorted_by_key(|(name, _)| *name));
    assert!(FORMATS.iter().all(|(name, _)| find(name).is_some()));
    assert!(find("yaml").is_none());
}

#[test]
fn every_file_of_the_output_room_that_renders_is_registered() {
    let folder = format!("{}/src/output", env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        if is_rust && std::fs::read_to_string(&path).unwrap().contains("impl Renderer for") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            assert!(find(&name).is_some(), "{name} is not in FORMATS");
        }
    }
}

#[test]
fn every_format_ends_with_a_line_break_and_names_what_failed() {
    for (format, _) in FORMATS {
        let text = rendered(format, &sample::harmless());
        assert!(text.ends_with('\n'), "{format}");
        assert!(text.contains("root-no-access-keys"), "{format}");
    }
}

#[test]
fn a_sink_that_fails_is_an_error_and_no_panic() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for (format, renderer) in FORMATS {
        for room in [0, 10, 100] {
            let result = renderer.render(&sample::harmless(), &Context::default(), &mut Full(room));
            assert!(result.is_err(), "{format} with room for {room} bytes");
        }
    }
}
