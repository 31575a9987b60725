import { pick, type Random } from "./random.ts";

const MAX_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

// What parsers stumble over: signs of the formats, numbers at their limits, names that mean something to JavaScript.
const WORDS =
  "{ } [ ] : , \" ' \\ # &a *a !!str !x ? - | > << %YAML null true ~ -0 1e999 1e-999 0x1f .inf .nan 01 1.5 " +
  "9007199254740993 -9007199254740992 1152921504606846976 0.1000000000000000055511151231257827 77777777777 " +
  "__proto__ constructor toString length \\ud800 \\u0000 ü 🦜 u\u0308 ../ / .. C: @ sha256: = ; % $ref #/ [[[[[[[[[[[[";
const SIGNS = [
  "\n",
  "\r\n",
  "\t",
  " ",
  "---\n",
  "...\n",
  "? ",
  "- ",
  ": ",
  "|\n",
  "<<: ",
  "\u0000",
  "\u2028",
  "\uFEFF",
];
const TOKENS = [...WORDS.split(" "), ...SIGNS, '{"a":{"a":{"a":'].map((token) => Buffer.from(token));

type Mutation = (input: Buffer, random: Random, other: Buffer) => Buffer;

const MUTATIONS: readonly Mutation[] = [
  function flipBit(input, random) {
    const output = Buffer.from(input);
    const at = random(output.length);
    output[at] = (output[at] ?? 0) ^ (1 << random(8));
    return output;
  },
  function setByte(input, random) {
    const output = Buffer.from(input);
    output[random(output.length)] = random(256);
    return output;
  },
  function truncate(input, random) {
    return input.subarray(0, random(input.length + 1));
  },
  function remove(input, random) {
    const [start, end] = range(input, random);
    return Buffer.concat([input.subarray(0, start), input.subarray(end)]);
  },
  function duplicate(input, random) {
    const [start, end] = range(input, random);
    const times = 1 + random(random(20) === 0 ? 200 : 3);
    return Buffer.concat([
      input.subarray(0, end),
      ...Array.from({ length: times }, () => input.subarray(start, end)),
      input.subarray(end),
    ]);
  },
  function move(input, random) {
    const [start, end] = range(input, random);
    const rest = Buffer.concat([input.subarray(0, start), input.subarray(end)]);
    return insert(rest, input.subarray(start, end), random);
  },
  function splice(input, random, other) {
    const [start, end] = range(other, random);
    return insert(input, other.subarray(start, end), random);
  },
  function cross(input, random, other) {
    return Buffer.concat([input.subarray(0, random(input.length + 1)), other.subarray(random(other.length + 1))]);
  },
  function insertToken(input, random) {
    return insert(input, pick(TOKENS, random, NOTHING), random);
  },
  function replaceWithToken(input, random) {
    const words = [...input.toString("latin1").matchAll(/[A-Za-z0-9_.-]+|[^A-Za-z0-9_.\s-]/g)];
    const word = words[random(words.length)];
    if (word === undefined) return input;
    const end = word.index + word[0].length;
    return Buffer.concat([input.subarray(0, word.index), pick(TOKENS, random, NOTHING), input.subarray(end)]);
  },
  function swapWords(input, random) {
    const words = [...input.toString("latin1").matchAll(/[A-Za-z0-9_.-]+/g)];
    const [one, other] = [words[random(words.length)], words[random(words.length)]];
    if (one === undefined || other === undefined) return input;
    return Buffer.concat([
      input.subarray(0, one.index),
      Buffer.from(other[0], "latin1"),
      input.subarray(one.index + one[0].length),
    ]);
  },
];

/** One input: a valid one, mutated a few times; now and then only random bytes. */
export function makeInput(seeds: readonly Uint8Array[], random: Random): Buffer {
  if (random(40) === 0) return Buffer.from(Array.from({ length: random(200) }, () => random(256)));
  let input = Buffer.from(pick(seeds, random, NOTHING));
  for (let left = 1 + random(random(4) === 0 ? 12 : 3); left > 0; left -= 1) {
    const other = Buffer.from(pick(seeds, random, NOTHING));
    input = pick(MUTATIONS, random, (same) => same)(input, random, other).subarray(0, MAX_BYTES) as Buffer<ArrayBuffer>;
  }
  return input;
}

function range(input: Buffer, random: Random): readonly [number, number] {
  const start = random(input.length + 1);
  const longest = Math.min(input.length - start, random(8) === 0 ? input.length : 40);
  return [start, start + random(longest + 1)];
}

function insert(input: Buffer, piece: Uint8Array, random: Random): Buffer {
  const at = random(input.length + 1);
  return Buffer.concat([input.subarray(0, at), piece, input.subarray(at)]);
}
