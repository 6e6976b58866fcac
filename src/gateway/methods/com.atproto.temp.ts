/** com.atproto.temp: a method that Bluesky clients still call. */

import { method } from '#src/gateway/xrpc/method.ts'
import * as temp from '#src/protocol/lexicons/com/atproto/temp.ts'

/** This server has no sign-up queue. */
export const checkSignupQueue = method(temp.checkSignupQueue, {
  auth: 'account or queued',
  run: async () => ({ activated: true }),
})
