"""From a question to checked answers: reading, question, answers, repair, linearity, sandbox, solution."""
