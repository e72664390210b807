"""`docker/test day`: a day of a call centre in fast motion, and its reports beside what phones saw."""
