//! Amazon EventBridge.

shapes! {
    ListRules { rules: Vec<Rule>, next_token: String }
    Rule {
        name: String,
        arn: String,
        event_pattern: String,
        state: String,
        role_arn: String,
        managed_by: String,
        event_bus_name: String,
    }
    ListTargetsByRule { targets: Vec<Target>, next_token: String }
    Target { id: String, arn: String, role_arn: String }
}
