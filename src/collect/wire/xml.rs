//! XML answers as a tree of elements: small, strict, and without the parts of XML that only attackers use.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// Elements inside one another; AWS stays below 20.
const DEEPEST: usize = 64;

/// An element, names without their prefixes' declarations.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    /// Its text, that of its children left out.
    pub(super) text: String,
}

impl Element {
    /// The children of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first child of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Reads one whole document. What ends early, or holds anything after its outermost element, is no document.
pub(super) fn parse(bytes: &[u8]) -> Result<Element, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "the answer is not UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let event = reader.read_event().map_err(|error| format!("the answer is not XML: {error}"))?;
        match event {
            Event::Start(start) => {
                if open.len() >= DEEPEST || root.is_some() {
                    return Err("the answer is not one XML document".to_owned());
                }
                open.push(element(&start)?);
            }
            Event::Empty(start) => close(element(&start)?, &mut open, &mut root)?,
            Event::End(_) => {
                let element = open.pop().ok_or("the answer is not XML")?;
                close(element, &mut open, &mut root)?;
            }
            Event::Text(text) => write(&mut open, &text.xml10_content().map_err(|error| error.to_string())?)?,
            Event::CData(text) => write(&mut open, &text.xml10_content().map_err(|error| error.to_string())?)?,
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|error| error.to_string())?;
                match reference.resolve_char_ref().map_err(|error| error.to_string())? {
                    Some(character) => write(&mut open, character.encode_utf8(&mut [0; 4]))?,
                    None => {
                        let known = quick_xml::escape::resolve_predefined_entity(&name);
                        write(&mut open, known.ok_or_else(|| format!("the answer names the entity `{name}`"))?)?;
                    }
                }
            }
            Event::DocType(_) => return Err("the answer is a document of another kind".to_owned()),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof if open.is_empty() => return root.ok_or_else(|| "the answer holds no XML".to_owned()),
            Event::Eof => return Err("the answer ends in the middle".to_owned()),
        }
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let name = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| format!("the answer is not XML: {error}"))?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
        attributes.push((name(attribute.key.as_ref()), value.into_owned()));
    }
    Ok(Element { name: name(start.local_name().as_ref()), attributes, ..Element::default() })
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) -> Result<(), String> {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None if root.is_none() => *root = Some(element),
        None => return Err("the answer is not one XML document".to_owned()),
    }
    Ok(())
}

fn write(open: &mut [Element], text: &str) -> Result<(), String> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err("the answer is not XML".to_owned()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn elements_texts_and_attributes_are_read() {
        let document =
            "<?xml version=\"1.0\"?>\n<a xmlns=\"urn:x\"><b k=\"1 &amp; 2\">x &lt; &#121;</b><b/><![CDATA[z]]></a>\n";
        let root = parse(document.as_bytes()).unwrap();
        assert_eq!((root.name.as_str(), root.text.as_str()), ("a", "z"));
        let all: Vec<_> = root.all("b").collect();
        assert_eq!((all[0].text.as_str(), all[0].attribute("k"), all.len()), ("x < y", Some("1 & 2"), 2));
        assert_eq!(root.child("c"), None);
    }

    #[test]
    fn what_is_cut_off_or_no_xml_is_an_error() {
        let deep = "<a>".repeat(100) + &"</a>".repeat(100);
        for bad in [
            "",
            " ",
            "text",
            "<a>",
            "<a><b></a>",
            "<a></a><b></b>",
            "<a/><b/>",
            "</a>",
            "<a>&evil;</a>",
            "<a k=1></a>",
            "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>",
            "{\"a\": 1}",
            deep.as_str(),
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(parse(b"<a>\xff</a>").is_err());
    }
}
