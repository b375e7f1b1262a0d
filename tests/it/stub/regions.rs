//! A saved account as large as wanted: in more Regions, with more users.

use serde_json::{Value, json};

/// The Regions that every account of AWS's commercial partition has.
/// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
pub(crate) const ALWAYS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The hardened account with these Regions, of which `eu-west-1` is copied to those that it does not have, and with as many
/// users more: like its first `models` users in turn, or like all of them.
pub(crate) fn account(hardened: &Value, regions: &[&str], users: usize, models: usize) -> Value {
    let mut account = hardened.clone();
    let all = hardened["observations"].as_array().unwrap();
    let listed = all.iter().find(|one| one["request"]["Filter"] == json!(["User"])).unwrap();
    let models: Vec<&Value> = listed["response"]["UserDetailList"].as_array().unwrap().iter().take(models).collect();
    let like = |number: usize| models[number % models.len()];
    let mut observations: Vec<Value> =
        all.iter().filter(|one| regions.contains(&text(one, "region"))).cloned().collect();
    for region in regions.iter().filter(|region| !all.iter().any(|one| one["region"] == **region)) {
        let model = all.iter().filter(|one| one["region"] == "eu-west-1");
        observations.extend(
            model.map(|one| serde_json::from_str::<Value>(&one.to_string().replace("eu-west-1", region)).unwrap()),
        );
    }
    for one in &mut observations {
        match text(one, "operation") {
            "ListRegions" => {
                let listed = |region: &&str| json!({ "RegionName": region, "RegionOptStatus": "ENABLED_BY_DEFAULT" });
                one["response"]["Regions"] = regions.iter().map(listed).collect();
            }
            "GetAccountAuthorizationDetails" if one["request"]["Filter"] == json!(["User"]) => {
                let list = one["response"]["UserDetailList"].as_array_mut().unwrap();
                list.extend((0..users).map(|number| user(like(number), number)));
            }
            "GetCredentialReport" => {
                let report = text(&one["response"], "Content").trim_end().to_owned();
                let row = |number: usize| {
                    let name = text(like(number), "UserName");
                    let model = report.lines().find(|row| row.split(',').next() == Some(name)).unwrap();
                    model.replace(name, &format!("{name}-{number:05}"))
                };
                let rows = (0..users).map(row);
                one["response"]["Content"] =
                    [report.clone()].into_iter().chain(rows).collect::<Vec<_>>().join("\n").into();
            }
            _ => {}
        }
    }
    account["regions"] = json!(regions);
    account["observations"] = observations.into();
    account
}

/// A user like another, with a name of its own.
fn user(model: &Value, number: usize) -> Value {
    let name = text(model, "UserName");
    let mut user: Value =
        serde_json::from_str(&model.to_string().replace(name, &format!("{name}-{number:05}"))).unwrap();
    user["UserId"] = format!("AIDA{number:016}").into();
    user
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}
