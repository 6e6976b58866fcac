import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, it } from 'vitest'
import { limitBodyTime } from '#src/gateway/http/body-time.ts'

/** What the client receives, and the response whose request was closed, of a request without the end of its body. */
async function afterTimeout(verb: string): Promise<{ answer: string; response: ServerResponse }> {
  await using server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let answer = ''
  socket.on('data', (bytes: Buffer) => {
    answer += bytes.toString()
  })
  socket.write(`${verb} /account HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nbody`)
  const [request, response] = await once(server, 'request')
  limitBodyTime(request, response, 20)
  await once(socket, 'close')
  return { answer, response }
}

it('a POST whose body does not end in time is answered 408', async () => {
  expect((await afterTimeout('POST')).answer).toMatch(/^HTTP\/1\.1 408 /)
})

it('a GET whose body does not end in time is closed, and its headers can still be set', async () => {
  const { answer, response } = await afterTimeout('GET')
  expect(answer).toBe('')
  expect(() => response.setHeader('set-cookie', 'a=b').end()).not.toThrow()
})
