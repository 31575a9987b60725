import { expect, test } from "vitest";
import { parsePostgresAddress } from "./postgres-address.ts";
import { PostgresError } from "./postgres-error.ts";

test("a password of the URL is taken out of what is shown and passed on", () => {
  const address = parsePostgresAddress("postgres://perch:s3cr%2Ft@db:5433/perch?sslmode=require", "other");
  expect(address).toEqual({
    url: "postgres://perch@db:5433/perch?sslmode=require",
    password: "s3cr/t",
    shown: "postgres://perch@db:5433/perch",
  });
  const inQuery = parsePostgresAddress("postgresql://db/perch?password=s3cret");
  expect(inQuery).toEqual({ url: "postgresql://db/perch", password: "s3cret", shown: "postgres://db/perch" });
});

test("a password from elsewhere counts where the URL has none, and none at all is PostgreSQL's to find", () => {
  expect(parsePostgresAddress("postgres://perch@db/perch", "s3cret").password).toBe("s3cret");
  expect(parsePostgresAddress("postgres://perch@db/perch").password).toBeNull();
});

test("a directory of sockets is a host, too", () => {
  expect(parsePostgresAddress("postgres:///perch?host=/run/postgresql").shown).toBe("postgres:///run/postgresql/perch");
});

test("what is no such URL is refused without showing what may be a password", () => {
  for (const text of ["mysql://u:s3cret@db/x", "u:s3cret@db", "postgres:// s3cret@", "postgres://u:%s3cret@db/x"]) {
    const read = (): unknown => parsePostgresAddress(text);
    expect(read).toThrow(PostgresError);
    expect(read).toThrow(expect.objectContaining({ code: "database_url_invalid" }));
    expect(read).not.toThrow(/s3cret/);
  }
});
