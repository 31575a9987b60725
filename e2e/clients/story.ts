import { expect } from "vitest";
import { BASELINE, CANARY } from "./stage.ts";
import type { World } from "./world.ts";

/** One of many that go on side by side. */
export type Conversation = {
  /** Says something and gives the release that answered. */
  turn(text: string): Promise<string>;
  end?(): Promise<void>;
};

export type Begin = (index: number) => Promise<Conversation>;

/** What is said in the last turn. */
export const AFTER_RESTARTS = "after the restarts";

/** Enough that each release surely gets some at 50 %: in 1 of 8 million runs one gets none. */
const CONVERSATIONS = 24;

/**
 * Conversations that begin at 50 % and go on through a promotion, a rollback and the restart of both gateways. None of them
 * may change its release: as its client sees it, and as the agents do.
 */
export async function playStory(world: World, begin: Begin): Promise<void> {
  const { stage } = world;
  world.beginScene();
  const conversations = await Promise.all(Array.from({ length: CONVERSATIONS }, (_, index) => begin(index)));
  const answers = conversations.map((): string[] => []);
  const everybody = async (text: string): Promise<void> => {
    const said = await Promise.all(conversations.map((conversation) => conversation.turn(text)));
    for (const [index, release] of said.entries()) answers[index]?.push(release);
  };
  await everybody("first");
  await everybody("second");
  await stage.promote();
  await everybody("while all new sessions go to the canary");
  expect(await releaseOfNewcomer(begin)).toBe(CANARY);
  await stage.rollBack();
  await everybody("while none does");
  expect(await releaseOfNewcomer(begin)).toBe(BASELINE);
  await stage.restartGateways();
  await everybody(AFTER_RESTARTS);
  for (const conversation of conversations) await conversation.end?.();

  expect(new Set(answers.flat())).toEqual(new Set([BASELINE, CANARY]));
  for (const said of answers) expect(said).toEqual(said.map(() => said[0]));
  // The two newcomers are sessions, too. An id that was not joined to its session would make one more.
  expectOneReleaseEach(world, CONVERSATIONS + 2);
  expect((await stage.rollout()).switchedSessions).toBe(0);
}

/** The weights that the others are held against are really in force. */
async function releaseOfNewcomer(begin: Begin): Promise<string> {
  const conversation = await begin(CONVERSATIONS);
  const release = await conversation.turn("hello");
  await conversation.end?.();
  return release;
}

/** What the agents heard in this scene belongs to so many sessions, each of them of one release. */
export function expectOneReleaseEach(world: World, sessions: number): void {
  const versions = new Map<string | null, Set<string>>();
  for (const { session, version } of world.heard()) {
    if (session !== null) versions.set(session, (versions.get(session) ?? new Set()).add(version));
  }
  expect(versions.size).toBe(sessions);
  for (const [session, seen] of versions) expect([...seen], `session ${session}`).toHaveLength(1);
}
