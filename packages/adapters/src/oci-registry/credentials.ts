import { homedir } from "node:os";
import { join } from "node:path";
import { refused } from "./failure.ts";
import { readDockerConfig } from "./docker-config.ts";

export type RegistryCredentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** What `docker login` leaves where a registry gives out tokens that tokens are made from. */
  | { readonly kind: "identityToken"; readonly token: string };

/** Null: nobody has any for this host. */
export type CredentialSource = (host: string) => Promise<RegistryCredentials | null>;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Credentials from, in this order: PERCH_REGISTRY_USERNAME and PERCH_REGISTRY_PASSWORD, for every registry; the file that
 * REGISTRY_AUTH_FILE names; `config.json` in DOCKER_CONFIG or in `~/.docker`. Read when a registry first asks for them.
 */
export function createCredentialSource(env: Env): CredentialSource {
  return async (host) => {
    const [username, password] = [env["PERCH_REGISTRY_USERNAME"] ?? "", env["PERCH_REGISTRY_PASSWORD"] ?? ""];
    if (username !== "" && password !== "") return { kind: "password", username, password };
    if (username !== "" || password !== "") throw halfGiven();
    const file = env["REGISTRY_AUTH_FILE"] ?? "";
    if (file !== "") return readDockerConfig({ file, mustExist: true, env }, host);
    const directory = env["DOCKER_CONFIG"] ?? "";
    const docker = directory === "" ? join(env["HOME"] ?? homedir(), ".docker") : directory;
    return readDockerConfig({ file: join(docker, "config.json"), mustExist: false, env }, host);
  };
}

function halfGiven(): Error {
  return refused({
    message: "found one of PERCH_REGISTRY_USERNAME and PERCH_REGISTRY_PASSWORD, expected both or none",
    hint: "set the other one too, or unset both to use what `docker login` has stored",
  });
}
