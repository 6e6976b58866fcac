/** Names that are reserved under service domains: the list of the reference PDS (MIT licence), without invalid handle labels. */

export const reservedNames: ReadonlySet<string> = new Set(
  `
  10downingstreet 10ronaldinho 3gerardpique about abuse access account accounts aclu acme activate
  activities activity add address adele adm admanager admin administration administrator
  administrators admins ads adsense adult advertising adwords affiliate affiliatepage affiliates
  afp ajax akshaykumar aliaa08 aliciakeys all alpha amitshah analysis analytics andresiniesta8
  android anon anonymous answer answers anushkasharma aoc api apis app appengine appnews apps
  archive archives arianagrande ariyoshihiroiki arrahman article arvindkejriwal asahi asdf asset
  assets atp auth authentication avatar avrillavigne backup bank banner banners barackobama base
  bbcbreaking bbcworld beginners beingsalmankhan beta beyonce billgates billieeilish billing bin
  binaries binary blackberry blog blogs blogsearch bluesky board book bookmark bookmarks books bot
  bots brasildefato britneyspears brunomars bsky bug bugs business buy buzz cache calendar call
  campaign cancel captcha career careers cart carterjwm catalog catalogs categories category cdn
  cgi cgi-bin championsleague changelog chart charts chat check checked checking checkout
  chrisbrown claudialeitte client cliente clients clients1 cnarne cnnbrk code coldplay comercial
  comment comments communities community company compare compras conanobrien config configuration
  confirm confirmation connect contact contact-us contacts contactus content contest contribute
  contributor contributors coppa copyright copyrights core corp correio countries country cpanel
  create cristiano css cssproxy customise customize danieltosh dashboard data davidguetta ddlovato
  deepikapadukone default delete demo design designer desktop destroy dev devel developer
  developers devs diagram diary dict dictionary did die dir direct-messages directory dist
  diversity dmca doc docs documentation documentations documents domain domains donate download
  downloads drake dril e-mail earth ecommerce edit editor edits edu education elisapie
  ellendegeneres elonmusk email embed embedded eminem emmawatson employment employments empty
  enable encrypted end engine enterprise enterprises entries entry error errorlog errors estadao
  eval event example examplecommunity exampleopenid examplesyn examplesyndicated exampleusername
  exchange exit explore faq faqs favorite favorites favourite favourites fcbarcelona feature
  features feed feedback feedburner feedproxy feeds file files finance first folder folders folha
  following forgot form forms forum forums founder foxnews free friend friends ftp fuck fujitv fun
  fusion gadget gadgets game games gazetadopovo gears general geographic get gettingstarted gift
  gifts gigazine gist git github gmail golang goto gov graph graphs gretathunberg group groups
  guest guests guide guides hack hacks hajimesyacho handle head help hikakin hillaryclinton home
  homepage host hosting hostmaster hostname how-to howto html htrnl http httpd https iamges iamsrk
  icon icons idea ideas ihrithik imac image images imap img imvkohli inbox inboxes index indexes
  info information inquiry instagram intranet investor investors invitation invitations invite
  invoice invoices ios ipad iphone irc irnages irng issue issues item items ivetesangalo
  jairbolsonaro java javascript jimmyfallon jlo job jobs jocx joebiden join jornaldobrasil
  jornaloglobo jotx json jtimberlake jump justinbieber kaka kamalaharris kanyewest katyperry
  kendalljenner kevinhart4real khloekardashian kimkardashian kingjames knowledge-base
  knowledgebase kourtneykardash kyliejenner lab labs ladygaga language languages last ldap-status
  ldapstatus legal leomessi lex lexicon liampayne license licenses liltunechi link links linux
  list lists livejournal local locale location log log-in log-out login logout logs lucianohuck
  lulaoficial mac mac-os mac-os-x macos macosx mail mailer mailing main mainichi maintenance
  manage manager manual manutd map maps marcosmion mariahcarey marketing master media member
  members memories memory merchandise message messages messenger microblog microblogs mileycyrus
  mine mis misc mms mob mobile model models mohamadalarefe money movie movies mp3 mp4 msg msn
  music mymme mysql name named nan naomiosaka narendramodi nasa natgeo navi navigation nba net
  network networks new news newsletter neymarjr nfl nhk niallofficial nick nickiminaj nickname
  nike nikkei nil nintendo none notes noticias notification notifications notify npr ns1 ns2 ns3
  ns4 ns5 nsid ntv null nytimes oauth oauth-clients ocsp offer offers official old onedirection
  online oowareware1945 openid operator oprah option options order orders org organization
  organizations other overview owner owners p0rn pack page pager pages paid pamyurin panel partner
  partnerpage partners password patch paulocoelho pay payment pds people perl person phone photo
  photoalbum photos php phpmyadmin phppgadmin phpredisadmin pic pics picture pictures ping pink
  pitbull pixel places plan plans playstation plc plugin plugins pmoindia podcasts policies policy
  pop pop3 popular porn portal portalr7 portals post postfix postmaster posts potus pr0n
  premierleague premium press price pricing principles print privacy privacy-policy privacypolicy
  private priyankachopra prod product production products profile profiles project projects promo
  promotions proxies proxy pub public purchase purpose put python queries query radio random
  ranking read reader readme realdonaldtrump recent recruit recruitment redirect register
  registration release remove replies repo report reports repositories repository req request
  requests research reset resolve resolver review rihanna rnail rnicrosoft roc rolaworld
  rondesantisfl root rss ruby rule sag sale sales sample samples sandbox save scholar school
  schools script scripts search secure security seikintv selenagomez self seminars send server
  server-info server-status servers service services session sessions setting settings setup
  shakira share shawnmendes shop shopping shortcut shortcuts show sign-in sign-up signin signout
  signup site sitemap sitemaps sitenews sites sketchup sky slash slashinvoice slut smartphone sms
  smtp snoopdogg soap software sorry source spec special sportscenter spreadsheet spreadsheets sql
  srbachchan src srntp ssh ssl ssladmin ssladministrator sslwebmaster ssytem staff stage staging
  starbucksjapan start stat state static statistics stats status store stores stories style
  styleguide styles stylesheet stylesheets subdomain subhisharma100 subscribe subscription
  subscriptions suggest suggestqueries support survey surveys surveytool svn swf syn sync
  syndicated sys sysadmin sysadministrator sysadmins system tablet tablets tag tags talk
  talkgadget task tasks taylorswift taylorswift13 tbs team teams tech telnet term terms
  terms-of-service termsofservice test testing tests text theeconomist theme themes therock thread
  threads ticket tickets tid tmp to-do todo toml tool toolbar toolbars tools top topic topics tos
  tour trac trace translate translation translations translator trends tutorial tux tvasahi
  tvtokyo twitter txt ukraine undef unfollow unsubscribe update updates upgrade upgrades upi
  upload uploads url usage user username usernames users uuid validation validations ver version
  video video-stats videos virendersehwag visitor visitors voice volunteer volunteers
  washingtonpost watch wave weather web webdisk webhook webhooks webmail webmaster webmasters
  webrnail website websites welcome whitehouse45 whm whois widget widgets wifi wiki wikis win
  windows wizkhalifa word work works workshop wpad wws www wwws wwww xfn xhtml xhtrnl xml xmpp xpg
  xrpc xxx yaml year yml yokoono you yourdomain yourname yoursite yourusername yousuck2020 youtube
  zaynmalik zelenskyyua zerohora
  `
    .trim()
    .split(/\s+/),
)
