import { expect, it } from 'vitest'
import { readServerSentEvents } from '#packages/realtime/src/server-sent-events.ts'

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const value of values) found.push(value)
  return found
}

const text = (...chunks: (string | Uint8Array)[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      const encoder = new TextEncoder()
      for (const chunk of chunks) {
        controller.enqueue(typeof chunk === 'string' ? encoder.encode(chunk) : chunk)
      }
      controller.close()
    },
  })

it.each([
  ['with LF', ['id: 1\nevent: commit\ndata: {}\n\n']],
  ['with CRLF that is cut in two', ['event: commit\r', '\ndata: {}\r', '\n\r', '\n']],
  ['byte by byte', [...'event: commit\ndata: {}\n\n']],
  ['without spaces, with an unknown field', ['event:commit\nretry:2000\nother\ndata:{}\n\n']],
])('readServerSentEvents reads an event %s', async (_, chunks) => {
  expect(await all(readServerSentEvents(text(...chunks)))).toEqual([
    { event: 'commit', data: '{}' },
  ])
})

it('readServerSentEvents joins lines of data and cut characters, reports comments, and drops an unfinished event', async () => {
  const bytes = new TextEncoder().encode('data: é\ndata: b\n\n: comment\ndata: unfinished\n')
  const events = readServerSentEvents(text(bytes.slice(0, 7), bytes.slice(7)))
  expect(await all(events)).toEqual([{ event: '', data: 'é\nb' }, null])
})
