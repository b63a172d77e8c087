/** What core uses of the JavaScript world beyond the language itself. Node and browsers have these names. */
declare class TextEncoder {
  encode(text: string): Uint8Array
}
declare class TextDecoder {
  constructor(encoding?: string, options?: { readonly fatal?: boolean })
  decode(bytes: Uint8Array): string
}
declare const performance: { now(): number }
