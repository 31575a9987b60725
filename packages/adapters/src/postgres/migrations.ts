/** SQL scripts in order. Each runs once in the life of a database; a released one is never edited. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE perch_ledger (
     sequence bigint PRIMARY KEY,
     at double precision NOT NULL,
     subject text NOT NULL,
     type text NOT NULL,
     body text NOT NULL,
     previous_hash text NOT NULL,
     hash text NOT NULL UNIQUE
   );
   CREATE INDEX perch_ledger_of_subject ON perch_ledger (subject, sequence);
   CREATE FUNCTION perch_ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$;
   CREATE TRIGGER perch_ledger_is_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON perch_ledger
     FOR EACH STATEMENT EXECUTE FUNCTION perch_ledger_is_append_only();

   CREATE TABLE perch_leadership (
     only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
     epoch bigint NOT NULL,
     term text,
     url text,
     held_until timestamptz
   );
   INSERT INTO perch_leadership (epoch) VALUES (0);

   CREATE TABLE perch_known_gateway (gateway text PRIMARY KEY, lease_ms double precision NOT NULL);`,
  `CREATE TABLE perch_tool_transaction (
     agent text NOT NULL,
     tool text COLLATE "C" NOT NULL,
     id text COLLATE "C" NOT NULL,
     session text,
     release text,
     opened_at double precision,
     closed_at double precision,
     PRIMARY KEY (agent, tool, id)
   );
   CREATE INDEX perch_open_tool_transaction ON perch_tool_transaction (agent, release, opened_at, tool, id)
     WHERE closed_at IS NULL;
   CREATE INDEX perch_closed_tool_transaction ON perch_tool_transaction (closed_at) WHERE closed_at IS NOT NULL;`,
];
