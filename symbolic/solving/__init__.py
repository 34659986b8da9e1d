"""From a question to checked answers: reading, answers, repair, linearity, sandbox, solution."""
