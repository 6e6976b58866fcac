/** com.atproto.temp: what clients of the reference still ask for. */
import * as temp from '#src/protocol/lexicons/com/atproto/temp.ts'
import { method } from '#src/xrpc/method.ts'

/** Nobody waits in a queue here. */
export const checkSignupQueue = method(temp.checkSignupQueue, {
  auth: 'account or queued',
  run: async () => ({ activated: true }),
})
