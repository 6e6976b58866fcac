/** Reads a response of the type `text/event-stream`. */

export interface ServerSentEvent {
  event: string
  data: string
}

/** Yields null for a comment, which is a sign of life. Ends with the response; throws if that breaks off. */
export async function* readServerSentEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent | null> {
  let event = ''
  let data: string[] = []
  for await (const line of linesOf(body)) {
    if (line === '') {
      if (data.length > 0) yield { event, data: data.join('\n') }
      event = ''
      data = []
    } else if (line.startsWith(':')) {
      yield null
    } else {
      const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line)!
      if (field === 'data') data.push(value!)
      if (field === 'event') event = value!
    }
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      // A CR at the end may be half of a CRLF.
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop()!
      yield* lines
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}
