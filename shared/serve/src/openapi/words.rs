//! The words around the description of the API, in each language. What is said of each address is English, as its names are.

use crate::local::words::words;

words! {
    title: "What programs can ask" | "Ce que les programmes peuvent demander";
    about: "Everything that is shown here can be asked for by a program, with a token. What each address says is in English, as its names are." | "Tout ce qui est affiché ici peut être demandé par un programme, avec un jeton. Le texte de chaque adresse est en anglais, comme ses noms.";
    document: "The same as a document of OpenAPI 3.1" | "La même chose en document OpenAPI 3.1";
    needs: "Needs" | "Demande";
    parameters: "Parameters" | "Paramètres";
    required: "required" | "obligatoire";
    body: "Body" | "Corps";
    answer: "Answer" | "Réponse";
    shapes: "Shapes" | "Formes";
    or_null: "or null" | "ou null";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sentence_is_said_in_both_languages() {
        for (name, english, french) in PAIRS {
            assert!(!english.is_empty() && english != french, "{name}");
        }
    }
}
