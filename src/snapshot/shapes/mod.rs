//! What AWS answers, in the shape that the AWS CLI prints: one file per service.
//!
//! Only members that a fact reads are listed; others are skipped when a snapshot is read and never collected. Every
//! member is optional, because AWS leaves out what is not set: whether a missing member means "there is none" or "not
//! known" is decided where facts are built, never by a default here.
#![expect(missing_docs, reason = "members carry AWS's own names; the operation table links AWS's page for each shape")]

/// Declares observed shapes: every member optional, AWS's member names, unknown members skipped.
macro_rules! shapes {
    ($($shapes:tt)*) => { shapes_in!("PascalCase" $($shapes)*); };
}

/// Declares observed shapes of a service whose members begin in lower case.
macro_rules! camel_case_shapes {
    ($($shapes:tt)*) => { shapes_in!("camelCase" $($shapes)*); };
}

macro_rules! shapes_in {
    ($case:literal $( $(#[$meta:meta])* $name:ident { $( $(#[$field_meta:meta])* $field:ident : $ty:ty ),* $(,)? } )*) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
            #[serde(rename_all = $case, remote = "Self")]
            pub struct $name {
                $(
                    $(#[$field_meta])*
                    #[serde(default, skip_serializing_if = "Option::is_none")]
                    pub $field: Option<$ty>,
                )*
            }

            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    Self::serialize(self, serializer)
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    struct Object;
                    impl<'de> serde::de::Visitor<'de> for Object {
                        type Value = $name;

                        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                            f.write_str("an object")
                        }

                        fn visit_map<A: serde::de::MapAccess<'de>>(self, members: A) -> Result<$name, A::Error> {
                            $name::deserialize(serde::de::value::MapAccessDeserializer::new(members))
                        }
                    }
                    // Serde's own code takes a list for a struct, and an empty one for a struct without members.
                    deserializer.deserialize_map(Object)
                }
            }
        )*
    };
}

pub mod accessanalyzer;
pub mod account;
pub mod apigateway;
pub mod apigatewayv2;
pub mod billing;
pub mod budgets;
pub mod ce;
pub mod cloudfront;
pub mod cloudtrail;
pub mod cloudwatch;
pub mod configservice;
pub mod ec2;
pub mod efs;
pub mod elbv2;
pub mod events;
pub mod guardduty;
pub mod iam;
pub mod kms;
pub mod logs;
pub mod macie2;
pub mod organizations;
pub mod rds;
pub mod s3api;
pub mod s3control;
pub mod securityhub;
pub mod sns;
pub mod sso_admin;
pub mod sts;
pub mod support;
pub mod wellarchitected;
