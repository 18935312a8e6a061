"""Who answers: personas drawn from designed populations."""
