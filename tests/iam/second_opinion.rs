//! Answers of `IAMSpy` to questions about small accounts, where it answers the same question: what identity policies,
//! boundaries and groups allow. Rows with resource policies ask for more than that.

use crate::support::json_lines;
use posture::iam::access::Access;
use posture::iam::account::Account;
use posture::iam::pattern::Pattern;
use posture::iam::region::Block;
use serde_json::Value;

fn accounts(row: &Value) -> Vec<Account> {
    let details = row["get-account-authorization-details"].as_array().unwrap();
    let account = |details: &Value| {
        let mut arns = ["UserDetailList", "RoleDetailList"].iter().flat_map(|list| details[*list].as_array().unwrap());
        let id = arns.find_map(|one| one["Arn"].as_str()?.split(':').nth(4)).unwrap_or("123456789012");
        let mut builder = Account::builder(id, "aws", None);
        let details = serde_json::from_value(details.clone()).unwrap();
        builder.add(&details, &[]);
        builder.build()
    };
    details.iter().map(account).collect()
}

fn may(account: &Account, arn: &str, action: &str, resource: &str) -> bool {
    let Some(principal) = account.principal(arn) else { return false };
    let access = Access::new(account, principal);
    access.can_some(&Block::new(action, Pattern::literal(resource)), access.context()).truth.is_true()
}

#[test]
fn iamspy_agrees_where_only_identity_policies_are_asked() {
    let rows = json_lines("privesc-accounts/iamspy-queries.jsonl.gz");
    let mut asked = 0;
    for row in rows.iter().filter(|row| {
        row["resource_policies"].as_array().unwrap().is_empty() && row["scps"].as_array().unwrap().is_empty()
    }) {
        let accounts = accounts(row);
        let input: Vec<&str> = row["input"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        let id = row["id"].as_str().unwrap();
        match row["query"].as_str().unwrap() {
            "can_i" => {
                let cross = accounts.iter().all(|account| !input[2].contains(&account.id));
                let can = !cross && accounts.iter().any(|account| may(account, input[0], input[1], input[2]));
                assert_eq!(can, row["expected"] == true, "{id}");
            }
            _ => {
                let all = accounts
                    .iter()
                    .flat_map(|account| account.principals().iter().map(move |principal| (account, principal)));
                let can: Vec<&str> =
                    all.filter(|(a, p)| may(a, &p.arn, input[0], input[1])).map(|(_, p)| p.arn.as_ref()).collect();
                let expected: Vec<&str> =
                    row["expected"].as_array().unwrap().iter().map(|arn| arn.as_str().unwrap()).collect();
                assert_eq!(can, expected, "{id}");
            }
        }
        asked += 1;
    }
    assert!(asked >= 15, "{asked}");
}
