import { expect, it } from 'vitest'
import { cookiesOf, open, openConsole } from '#tests/support/console-gateway.ts'

async function readPatches(response: Response): Promise<string[]> {
  let text = ''
  for await (const chunk of response.body!) {
    text += Buffer.from(chunk).toString()
    if (text.includes('event: patch')) break
  }
  return [...text.matchAll(/"target":"(\w+)"/g)].map(([, target]) => target!)
}

it('the stream of the overview sends its parts as HTML', async () => {
  const response = await open(await openConsole(), '/live')
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(await readPatches(response)).toEqual(['alerts', 'figures', 'charts'])
})

it('a gateway has so many streams of the console, and one that ends makes room', async () => {
  const console = await openConsole()
  const streams = await Promise.all(Array.from({ length: 20 }, () => open(console, '/live')))
  expect(streams.every(({ status }) => status === 200)).toBe(true)
  const refused = await open(console, '/live')
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60'])
  await streams[0]!.body!.cancel()
  expect((await open(console, '/live')).status).toBe(200)
  expect((await open(console, '/live', cookiesOf('signed out'))).status).toBe(204)
})

it('an unread stream makes room when its time is over', async () => {
  const end = new AbortController()
  const console = await openConsole({ stopping: end.signal })
  await Promise.all(Array.from({ length: 20 }, () => open(console, '/live')))
  expect((await open(console, '/live')).status).toBe(429)
  end.abort()
  expect((await open(console, '/live')).status).toBe(200)
})
