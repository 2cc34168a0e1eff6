//! How are the texts that people are known by described to who reads the API?

use std::borrow::Cow;

use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::{Email, Id, Name, Powers, Scope};

macro_rules! described {
    ($what:ident as $name:literal = $text:expr) => {
        impl PartialSchema for $what {
            fn schema() -> RefOr<Schema> {
                $text.into()
            }
        }

        impl ToSchema for $what {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
        }
    };
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).min_length(Some(1))
}

described!(Id as "Id" = text().pattern(Some("^[0-9a-z]{16}$")).description(Some("Sixteen digits and letters.")));
described!(Email as "Email" = text().max_length(Some(254)).format(Some(SchemaFormat::Custom("email".to_owned()))));
described!(Name as "Name" = text().max_length(Some(100)).description(Some("A name, without control characters.")));
described!(Scope as "Scope" = text()
    .max_length(Some(450))
    .description(Some("A part of the deployment: `*`, CLIENT or CLIENT/SITE, with `#TAG` for machines that bear it.")));

// Each right with the places where it holds.
described!(Powers as "Powers" = ObjectBuilder::new()
.description(Some("Rights, each with the parts of the deployment where it holds."))
.additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(Schema::Array(
    ArrayBuilder::new().items(RefOr::Ref(Ref::from_schema_name("Scope"))).build()
))))));
