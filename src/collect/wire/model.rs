//! What `model.json` knows of AWS's operations: protocols, places of inputs, names of outputs, pages.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::snapshot::Operation;

/// The whole model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    #[expect(dead_code, reason = "says where the file comes from")]
    source: String,
    pub(super) services: BTreeMap<String, Service>,
}

/// How a service is spoken to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub(super) protocol: Protocol,
    /// The service's id, as `AWS_ENDPOINT_URL_…` and profiles spell it.
    pub(super) id: String,
    /// The first part of its host names.
    pub(super) endpoint: String,
    /// Its name in signatures.
    pub(super) signing: String,
    pub(super) version: String,
    /// The version of the JSON protocol.
    #[serde(default)]
    pub(super) json: String,
    /// What goes before an operation's name in `X-Amz-Target`.
    #[serde(default)]
    pub(super) target: String,
    pub(super) operations: BTreeMap<String, Call>,
    pub(super) shapes: BTreeMap<String, Shape>,
}

/// AWS's protocols: <https://smithy.io/2.0/aws/protocols/index.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Protocol {
    Ec2,
    Query,
    RestXml,
    Json,
    RestJson,
}

/// One operation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) uri: String,
    #[serde(default)]
    pub(super) input: BTreeMap<String, Input>,
    /// The shape of the answer; without one, the answer is taken as it is.
    pub(super) output: Option<String>,
    /// The member that is the whole body.
    pub(super) payload: Option<String>,
    /// The outermost element of the body, for REST XML.
    pub(super) root: Option<String>,
    /// The element around the result, for Query.
    pub(super) wrapper: Option<String>,
    pub(super) page: Option<Page>,
}

/// Where an input goes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    pub(super) wire: Option<String>,
    #[serde(default)]
    pub(super) place: Place,
    /// What a list's items are called, for Query.
    pub(super) item: Option<String>,
    /// Its type, for the bodies of REST JSON.
    pub(super) shape: Option<String>,
}

/// A place in a request.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Place {
    #[default]
    Body,
    Uri,
    QueryString,
    Header,
    Headers,
}

/// How an answer goes on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    pub(super) input: String,
    /// The next page's token, as in `DistributionList.NextMarker`.
    pub(super) output: String,
    /// What says that there is more.
    pub(super) more: Option<String>,
}

/// A structure, list or map.
#[derive(Debug, Deserialize)]
#[serde(tag = "is", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Shape {
    Structure {
        members: BTreeMap<String, Member>,
    },
    List {
        item: Member,
        /// Items stand where the list would.
        #[serde(default)]
        flat: bool,
    },
    Map {
        key: Member,
        value: Member,
        #[serde(default)]
        flat: bool,
    },
}

/// A member of a shape.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    /// Its name on the wire, where that is another than the AWS CLI's.
    pub(super) wire: Option<String>,
    /// Its type; text without one.
    pub(super) shape: Option<String>,
    /// Whether it is an attribute of its element.
    #[serde(default)]
    pub(super) attribute: bool,
}

/// What a member is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind<'a> {
    Text,
    Boolean,
    Integer,
    Float,
    Timestamp,
    /// Bytes, which the AWS CLI prints in base 64 as the wire has them.
    Blob,
    Shape(&'a Shape),
}

static MODEL: LazyLock<Result<Model, serde_json::Error>> =
    LazyLock::new(|| serde_json::from_str(include_str!("model.json")));

impl Model {
    /// The service and its operation; an error when the file does not have them, which a test excludes.
    pub(super) fn find(operation: Operation) -> Result<(&'static Service, &'static Call), String> {
        let spec = operation.spec();
        let model = MODEL.as_ref().map_err(|error| format!("model.json is broken: {error}"))?;
        let service = model.services.get(spec.service);
        let call = service.and_then(|service| Some((service, service.operations.get(spec.name)?)));
        call.ok_or_else(|| format!("model.json has no {}", operation.label()))
    }
}

impl Service {
    /// Resolves a type's name.
    pub(super) fn kind(&self, name: Option<&str>) -> Result<Kind<'_>, String> {
        Ok(match name {
            None => Kind::Text,
            Some("boolean") => Kind::Boolean,
            Some("integer") => Kind::Integer,
            Some("float") => Kind::Float,
            Some("timestamp") => Kind::Timestamp,
            Some("blob") => Kind::Blob,
            Some(name) => Kind::Shape(self.shapes.get(name).ok_or_else(|| format!("model.json has no shape {name}"))?),
        })
    }
}

impl Input {
    /// The member's name on the wire.
    pub(super) fn name<'a>(&'a self, member: &'a str) -> &'a str {
        self.wire.as_deref().unwrap_or(member)
    }
}

impl Member {
    /// The member's name on the wire.
    pub(super) fn name<'a>(&'a self, member: &'a str) -> &'a str {
        self.wire.as_deref().unwrap_or(member)
    }
}
