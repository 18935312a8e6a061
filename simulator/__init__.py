"""How they answer: waves, respondents, protocols, backends and the store."""
