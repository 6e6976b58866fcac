/** Names the browser and operating system of a user agent. */
import Bowser from 'bowser'

/** For example `Linux • Chrome`, as on the OAuth provider's own device page; the user agent itself if unknown. */
export function browserName(userAgent: string): string {
  if (userAgent === '') return ''
  const { os, browser } = Bowser.parse(userAgent)
  const names = [os.name, browser.name].filter(Boolean)
  return names.length === 0 ? userAgent : names.join(' • ')
}
