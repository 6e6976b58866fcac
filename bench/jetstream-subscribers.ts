/** A process with many connections to /subscribe, which counts the messages of all. */
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'

type Command = { url: string; subscribers: number } | { expected: number }

let messages = 0

process.on('message', async (command: Command) => {
  if ('url' in command) {
    const open = Array.from({ length: command.subscribers }, () => {
      const socket = new WebSocket(command.url, { perMessageDeflate: false })
      socket.on('message', () => {
        messages += 1
      })
      return new Promise((resolve, reject) => {
        socket.once('open', resolve)
        socket.once('error', reject)
      })
    })
    await Promise.all(open)
    process.send?.('ready')
    return
  }
  for (let waits = 0; waits < 300 && messages < command.expected; waits++) await sleep(100)
  process.send?.(messages)
})
