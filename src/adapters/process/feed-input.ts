import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { codeOf } from './program-errors.ts';

export type Input = Uint8Array | AsyncIterable<Uint8Array>;

/** A reader that closes early is within its rights: `head`, or a script that needs no input. */
const READER_LEFT = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED']);

/**
 * Writes all of the input as fast as the reader takes it, then ends the stream.
 *
 * @throws what the input's own source threw
 */
export async function feedInput(input: Input, sink: Writable): Promise<void> {
  let sourceError: { readonly error: unknown } | undefined;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      if (input instanceof Uint8Array) yield input;
      else yield* input;
    } catch (error) {
      // The sink's own error comes back through here: the stream throws it into its source.
      if (error !== sink.errored) sourceError = { error };
      throw error;
    }
  }
  try {
    await pipeline(Readable.from(source(), { objectMode: true, highWaterMark: 1 }), sink);
  } catch (error) {
    if (sourceError !== undefined) throw sourceError.error;
    const code = codeOf(error);
    if (code === undefined || !READER_LEFT.has(code)) throw error;
  }
}
