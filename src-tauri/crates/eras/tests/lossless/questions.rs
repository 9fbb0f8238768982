//! What servers want to know first.

use bytes::Bytes;
use eras::{Asked, Question, Required, input_required, responses, split};
use proptest::prelude::*;

use crate::raw::{gap, key, object, some_object, string};

fn asked() -> impl Strategy<Value = Vec<Asked>> {
    let question = prop_oneof![
        Just(Question::Elicitation),
        Just(Question::Sampling),
        Just(Question::Roots)
    ];
    let one = (any::<bool>(), question, some_object(), gap(), any::<bool>());
    prop::collection::vec(one, 0..4).prop_map(|asked| {
        asked
            .into_iter()
            .enumerate()
            .map(|(place, (escaped, question, params, gap, without))| Asked {
                key: key(place, escaped).into(),
                question,
                params: (question != Question::Roots || !without)
                    .then(|| object(&params, gap).into()),
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn what_is_asked_is_read_as_it_was_written(
        asked in asked(), state in prop::option::of(string()), info in prop::option::of(some_object()),
    ) {
        let required = Required { asked, state: state.map(Bytes::from) };
        prop_assume!(required != Required::default());
        let info = info.map(|info| object(&info, ""));
        let text = Bytes::from(input_required(&required, info.as_ref().map(String::as_bytes)));
        prop_assert_eq!(split(&text), Ok(required.clone()));

        // Answers find their questions.
        let answers: Vec<Bytes> = (0..required.asked.len()).map(|number| format!(r#"{{"n":{number}.0}}"#).into()).collect();
        let text = responses(required.asked.iter().map(|asked| &asked.key).zip(&answers)).into();
        let given: Option<Vec<Bytes>> = eras::given(&text, &required.asked).into_iter().collect();
        prop_assert_eq!(given, Some(answers));
    }
}
