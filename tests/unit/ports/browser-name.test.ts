import { expect, it } from 'vitest'
import { browserName } from '#src/ports/browser-name.ts'

it.each([
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
    'Linux • Chrome',
  ],
  ['somebody/1.0', 'somebody/1.0'],
  ['', ''],
])('the user agent %j is named %j', (userAgent, name) => {
  expect(browserName(userAgent)).toBe(name)
})
