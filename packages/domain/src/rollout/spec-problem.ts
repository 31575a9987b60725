/** One thing wrong with a rollout file, and where: a path of keys and indexes. */
export type RolloutSpecProblem = { readonly path: readonly (string | number)[]; readonly message: string };
