-- Scores of zero-filled and classical images all have no checkpoint, so the checkpoint alone does not find a score.
DROP INDEX evaluations_by_checkpoint;
CREATE INDEX evaluations_by_request ON evaluations (request, checkpoint);
