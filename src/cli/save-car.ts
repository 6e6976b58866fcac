/** Saves a CAR file that a server sends, and checks its blocks before it gets its name. */
import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Invocation } from '#src/cli/command.ts'
import { fileError } from '#src/cli/file-error.ts'
import { sizeText } from '#src/ports/size-text.ts'

/** `fetch` begins when the file can be written. */
export async function saveCar(
  invocation: Invocation,
  file: string,
  fetch: () => Promise<ReadableStream<Uint8Array>>,
): Promise<{ bytes: number; blocks: number }> {
  const part = `${file}.part`
  // Before the server is asked, which would begin an export in vain.
  const handle = await open(part, 'w').catch((error) => {
    throw fileError('write', part, error)
  })
  const out = handle.createWriteStream()
  let blocks: number
  try {
    await pipeline(counted(await fetch(), invocation), out)
    invocation.report('checking the blocks')
    const { countBlocks } = await import('#src/cli/check-car.ts')
    blocks = await countBlocks(createReadStream(part))
  } catch (error) {
    out.destroy()
    await rm(part, { force: true })
    throw error
  }
  await rename(part, file).catch((error) => {
    throw fileError('write', file, error)
  })
  return { bytes: out.bytesWritten, blocks }
}

export async function* counted(
  stream: ReadableStream<Uint8Array>,
  { report }: Invocation,
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    report(`${sizeText(bytes)} received`)
    yield chunk
  }
}
