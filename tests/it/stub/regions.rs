//! A saved account as large as wanted: in more Regions, with more users.

use serde_json::{Value, json};

/// The hardened account with these Regions, of which `eu-west-1` is copied to those that it does not have, and with as many
/// users more.
pub(crate) fn account(hardened: &Value, regions: &[&str], users: usize) -> Value {
    let mut account = hardened.clone();
    let all = hardened["observations"].as_array().unwrap();
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
                let model = list[0].clone();
                list.extend((0..users).map(|number| user(&model, number)));
            }
            "GetCredentialReport" => {
                let report = text(&one["response"], "Content").trim_end().to_owned();
                let model = report.lines().nth(2).unwrap().to_owned();
                let name = model.split(',').next().unwrap();
                let rows = (0..users).map(|number| model.replace(name, &format!("{name}-{number:05}")));
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
