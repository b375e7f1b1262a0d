//! IAM Access Analyzer: analyzers and their active findings.

use crate::collect::calls::{Call, Calls, Input};
use crate::snapshot::Operation;

pub(super) const ACCESS_ANALYZER: Calls =
    Calls(&[Call::each_region(Operation::AccessanalyzerListAnalyzers).then(&[Call::about(
        Operation::AccessanalyzerListFindingsV2,
        "analyzerArn",
        "/analyzers/*/arn",
    )
    .asking(&[("filter", Input::Json(r#"{"status":{"eq":["ACTIVE"]}}"#))])
    .telling(&[("maxResults", Input::Number(100))])])]);
