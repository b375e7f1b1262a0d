//! AWS Billing.

use crate::snapshot::Time;

shapes! {
    GetBillingPreferences {
        #[serde(rename = "billingPreferences", alias = "BillingPreferences")]
        billing_preferences: Vec<BillingPreference>,
        #[serde(rename = "nextToken", alias = "NextToken")]
        next_token: String,
    }
    BillingPreference {
        #[serde(rename = "feature", alias = "Feature")]
        feature: String,
        #[serde(rename = "key", alias = "Key")]
        key: String,
        #[serde(rename = "value", alias = "Value")]
        value: String,
        #[serde(rename = "accountId", alias = "AccountId")]
        account_id: String,
    }
    GetCredits {
        #[serde(rename = "credits", alias = "Credits")]
        credits: Vec<Credit>,
    }
    Credit {
        #[serde(rename = "creditId", alias = "CreditId")]
        credit_id: String,
        #[serde(rename = "creditType", alias = "CreditType")]
        credit_type: String,
        #[serde(rename = "creditStatus", alias = "CreditStatus")]
        credit_status: String,
        #[serde(rename = "endDate", alias = "EndDate")]
        end_date: Time,
        #[serde(rename = "exhaustDate", alias = "ExhaustDate")]
        exhaust_date: Time,
        #[serde(rename = "remainingAmount", alias = "RemainingAmount")]
        remaining_amount: Amount,
    }
    Amount {
        #[serde(rename = "currencyCode", alias = "CurrencyCode")]
        currency_code: String,
        #[serde(rename = "currencyAmount", alias = "CurrencyAmount")]
        currency_amount: String,
    }
}
