/** A CommonJS file of undici without types: the parser's WebAssembly. */
declare module "undici/lib/llhttp/llhttp_simd-wasm.js" {
  const wasm: Uint8Array<ArrayBuffer>;
  export default wasm;
}

/** As much of it as is used here; TypeScript declares it for browsers only. */
declare namespace WebAssembly {
  type Imports = Readonly<Record<string, Readonly<Record<string, (...args: number[]) => number>>>>;
  const Module: new (bytes: Uint8Array) => object;
  const Instance: new (module: object, imports: Imports) => { readonly exports: object };
}
