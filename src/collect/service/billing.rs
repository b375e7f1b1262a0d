//! AWS Billing: whether billing alerts are switched on, and credits.

use aws_sdk_billing::Client;
use aws_sdk_billing::types::{self, BillingFeature};
use aws_smithy_types::DateTime;
use futures_util::future::join;

use super::{Collector, Work};
use crate::collect::context::{Context, client, nothing, request};
use crate::collect::convert::{IntoShape, append, shape, words};
use crate::snapshot::Operation;
use crate::snapshot::shapes::billing::{Amount, BillingPreference, Credit, GetBillingPreferences, GetCredits};

/// How far back credits are asked for: the API refuses a start more than a year ago.
const CREDIT_DAYS: i64 = 360;

pub(super) struct Billing;

impl Collector for Billing {
    fn start<'a>(&self, context: &'a Context<'a>) -> Option<Work<'a>> {
        Some(Box::pin(async move {
            let client = client!(context, aws_sdk_billing, context.leader());
            join(preferences(context, &client), credits(context, &client)).await;
        }))
    }
}

async fn preferences(context: &Context<'_>, client: &Client) {
    let region = context.leader();
    let asked = request([("features", vec![BillingFeature::BillingAlerts.as_str()].into())]);
    let answer = context.pages(
        region,
        GetBillingPreferences::default(),
        |token| {
            Box::pin(
                client.get_billing_preferences().features(BillingFeature::BillingAlerts).set_next_token(token).send(),
            )
        },
        |all, page| {
            append(&mut all.billing_preferences, page.billing_preferences);
            page.next_token
        },
    );
    context.observe(region, asked, answer, nothing).await;
}

async fn credits(context: &Context<'_>, client: &Client) {
    let region = context.leader();
    let account = &context.run.session.account;
    let start = context.run.options.collected_at.as_second() - CREDIT_DAYS * 24 * 60 * 60;
    let answer = async {
        let sent = || Box::pin(client.get_credits().account_id(account).start_date(DateTime::from_secs(start)).send());
        let output = context.send(Operation::BillingGetCredits, region, sent).await?;
        Ok(GetCredits { credits: output.credits.shape() })
    };
    context.observe(region, request([("accountId", account.as_str().into())]), answer, nothing).await;
}

shape! {
    types::BillingPreferenceSummary => BillingPreference { feature, key, value, account_id }
    types::CreditData => Credit { credit_id, credit_type, credit_status, end_date, exhaust_date, remaining_amount }
    types::Amount => Amount { currency_code, currency_amount }
}

words!(types::BillingFeature, types::PreferenceValue, types::CreditStatus);
