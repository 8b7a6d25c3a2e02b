-- The rank of a version that was made to stand though it is not the newest of its name; NULL for any other.
ALTER TABLE objects ADD COLUMN rank INTEGER;
