//! What the API says of itself, as a program reads it.

use serde_json::Value;

/// One operation of the document.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) said: Value,
}

/// Every operation, in the order of the document.
pub(crate) fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().expect("paths");
    let each = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("an object").iter();
        methods.map(move |(method, said)| (method.to_uppercase(), path.clone(), said.clone()))
    });
    each.map(|(method, path, said)| Operation { method, path, said }).collect()
}

impl Operation {
    /// What must stand behind the question mark, with values that work.
    pub(crate) fn query(&self) -> String {
        let parameters = self.said["parameters"].as_array().into_iter().flatten();
        // Of a list the first is enough.
        let example = |one: &Value| one["example"].as_str().or(one["example"][0].as_str()).map(str::to_owned);
        let asked = parameters.filter(|one| one["in"] == "query");
        let pairs: Vec<String> = asked
            .filter_map(|one| Some(format!("{}={}", one["name"].as_str().expect("a name"), example(one)?)))
            .collect();
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }

    /// A body that works, where there is one in JSON.
    pub(crate) fn body(&self) -> Option<Value> {
        self.said["requestBody"]["content"]["application/json"]["example"].as_object().cloned().map(Value::Object)
    }

    /// What its path parameter is by example.
    pub(crate) fn example(&self, name: &str) -> Option<String> {
        let mut parameters = self.said["parameters"].as_array().into_iter().flatten();
        let found = parameters.find(|one| one["in"] == "path" && one["name"] == name)?;
        found["example"].as_str().map(str::to_owned)
    }
}
