//! How are names described to who reads the API?

use std::borrow::Cow;

use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::Slug;

impl PartialSchema for Slug {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(63));
        let text = text.pattern(Some("^[a-z0-9][a-z0-9-]*$"));
        text.description(Some("A name of small letters, digits and hyphens.")).into()
    }
}

impl ToSchema for Slug {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Slug")
    }
}
