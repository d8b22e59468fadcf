<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_TW" sourcelanguage="en">
 <context>
  <name>HiveMind</name>
  <message>
   <source>, </source>
   <translation>，</translation>
  </message>
  <message>
   <source>0 CPT: another attempt had won</source>
   <translation>0 CPT：已有其他嘗試完成</translation>
  </message>
  <message>
   <source>0 CPT: given back without a checkpoint</source>
   <translation>0 CPT：交還時沒有檢查點</translation>
  </message>
  <message>
   <source>0 CPT: given up before it reported</source>
   <translation>0 CPT：回報前已放棄</translation>
  </message>
  <message>
   <source>0 CPT: it came after the hold was used up</source>
   <translation>0 CPT：預扣用完後才送達</translation>
  </message>
  <message>
   <source>0 CPT: nothing was left in the task's hold</source>
   <translation>0 CPT：任務的預扣已用完</translation>
  </message>
  <message>
   <source>0 CPT: preparing</source>
   <translation>0 CPT：準備中</translation>
  </message>
  <message>
   <source>0 CPT: the environment failed</source>
   <translation>0 CPT：節點或環境問題</translation>
  </message>
  <message>
   <source>0 CPT: your own task on your own computer</source>
   <translation>0 CPT：自己的任務在自己的電腦</translation>
  </message>
  <message>
   <source>1 h</source>
   <translation>1 時</translation>
  </message>
  <message>
   <source>1 m</source>
   <translation>1 分</translation>
  </message>
  <message>
   <source>10 m</source>
   <translation>10 分</translation>
  </message>
  <message>
   <source>24 h</source>
   <translation>24 時</translation>
  </message>
  <message>
   <source>30 d</source>
   <translation>30 天</translation>
  </message>
  <message>
   <source>30 days</source>
   <translation>30 天</translation>
  </message>
  <message>
   <source>7 d</source>
   <translation>7 天</translation>
  </message>
  <message>
   <source>7 days</source>
   <translation>7 天</translation>
  </message>
  <message>
   <source>A container did not run as it should. {words}</source>
   <translation>容器沒有正常執行。{words}</translation>
  </message>
  <message>
   <source>A pool pays for it once. Everything is ready.</source>
   <translation>節點池只付一次。一切都準備好了。</translation>
  </message>
  <message>
   <source>About</source>
   <translation>關於</translation>
  </message>
  <message>
   <source>Add</source>
   <translation>加入</translation>
  </message>
  <message>
   <source>Add 1 hour</source>
   <translation>再加 1 小時</translation>
  </message>
  <message>
   <source>Address</source>
   <translation>位址</translation>
  </message>
  <message>
   <source>After it your rules hold.</source>
   <translation>之後照你的規則。</translation>
  </message>
  <message>
   <source>All</source>
   <translation>全部</translation>
  </message>
  <message>
   <source>Allow it</source>
   <translation>允許</translation>
  </message>
  <message>
   <source>And not at these times</source>
   <translation>另外，這些時候不執行</translation>
  </message>
  <message>
   <source>Apply these rules</source>
   <translation>套用這些規則</translation>
  </message>
  <message>
   <source>Apply {n} changes</source>
   <translation>套用 {n} 項修改</translation>
  </message>
  <message>
   <source>As it stands in the messages; nothing else is sent about you.</source>
   <translation>訊息裡的內容就是這些，不會送出其他與你有關的資料。</translation>
  </message>
  <message>
   <source>As the system</source>
   <translation>跟隨系統</translation>
  </message>
  <message>
   <source>At most {n} fit into the list.</source>
   <translation>名單最多 {n} 項。</translation>
  </message>
  <message>
   <source>At once</source>
   <translation>同時執行數</translation>
  </message>
  <message>
   <source>At risk</source>
   <translation>受影響的</translation>
  </message>
  <message>
   <source>At the limit the attempt ends and is tried again elsewhere.</source>
   <translation>達到上限時這次嘗試會結束，換地方重試。</translation>
  </message>
  <message>
   <source>Away</source>
   <translation>離開</translation>
  </message>
  <message>
   <source>Balanced</source>
   <translation>平衡</translation>
  </message>
  <message>
   <source>Blocked owners</source>
   <translation>已封鎖的提交者</translation>
  </message>
  <message>
   <source>Brush</source>
   <translation>筆刷</translation>
  </message>
  <message>
   <source>By itself</source>
   <translation>系統會</translation>
  </message>
  <message>
   <source>By schedule</source>
   <translation>排定休息</translation>
  </message>
  <message>
   <source>CPT</source>
   <translation>CPT</translation>
  </message>
  <message>
   <source>CPU</source>
   <translation>CPU</translation>
  </message>
  <message>
   <source>CPU cores</source>
   <translation>CPU 核心</translation>
  </message>
  <message>
   <source>CPU, %</source>
   <translation>CPU（%）</translation>
  </message>
  <message>
   <source>Ceiling, now {n} °C</source>
   <translation>溫度上限，現在 {n}°C</translation>
  </message>
  <message>
   <source>Certificate</source>
   <translation>憑證</translation>
  </message>
  <message>
   <source>Change the rules</source>
   <translation>修改使用規則</translation>
  </message>
  <message>
   <source>Change the schedule</source>
   <translation>修改時段表</translation>
  </message>
  <message>
   <source>Changes that are not applied yet count too.</source>
   <translation>改了還沒套用的規則也算在內。</translation>
  </message>
  <message>
   <source>Check again</source>
   <translation>重新檢查</translation>
  </message>
  <message>
   <source>Choose a preset under Rules to keep it out of your way.</source>
   <translation>在「使用規則」選一組預設，就不會打擾你。</translation>
  </message>
  <message>
   <source>Clock</source>
   <translation>時鐘</translation>
  </message>
  <message>
   <source>Close</source>
   <translation>關閉</translation>
  </message>
  <message>
   <source>Close the window?</source>
   <translation>要關閉視窗嗎？</translation>
  </message>
  <message>
   <source>Colours</source>
   <translation>色彩</translation>
  </message>
  <message>
   <source>Command to copy</source>
   <translation>可複製的指令</translation>
  </message>
  <message>
   <source>Connecting to the master…</source>
   <translation>正在連線到主控節點…</translation>
  </message>
  <message>
   <source>Connection</source>
   <translation>連線</translation>
  </message>
  <message>
   <source>Consent</source>
   <translation>同意條款</translation>
  </message>
  <message>
   <source>Container</source>
   <translation>容器</translation>
  </message>
  <message>
   <source>Container engine</source>
   <translation>容器引擎</translation>
  </message>
  <message>
   <source>Copy diagnostics</source>
   <translation>複製診斷資訊</translation>
  </message>
  <message>
   <source>Copy this page</source>
   <translation>複製這一頁</translation>
  </message>
  <message>
   <source>Counted is what it reserved and what it really used.</source>
   <translation>計量的是它保留的與實際使用的。</translation>
  </message>
  <message>
   <source>Dark</source>
   <translation>深色</translation>
  </message>
  <message>
   <source>Data folder</source>
   <translation>資料資料夾</translation>
  </message>
  <message>
   <source>Days</source>
   <translation>天數</translation>
  </message>
  <message>
   <source>Digest</source>
   <translation>摘要值</translation>
  </message>
  <message>
   <source>Discard them</source>
   <translation>捨棄修改</translation>
  </message>
  <message>
   <source>Disk</source>
   <translation>磁碟</translation>
  </message>
  <message>
   <source>Disk budget</source>
   <translation>磁碟用量上限</translation>
  </message>
  <message>
   <source>Disk, {size} free</source>
   <translation>磁碟用量上限，可用 {size}</translation>
  </message>
  <message>
   <source>Do not disturb</source>
   <translation>勿擾</translation>
  </message>
  <message>
   <source>Do not wait for it</source>
   <translation>不等它了</translation>
  </message>
  <message>
   <source>Docker is installed</source>
   <translation>Docker 已安裝</translation>
  </message>
  <message>
   <source>Docker is running</source>
   <translation>Docker 已啟動</translation>
  </message>
  <message>
   <source>Docker needs a newer WSL 2. It takes about a minute and touches none of your files:</source>
   <translation>Docker 需要新版的 WSL 2。更新約 1 分鐘，不會動到你的檔案：</translation>
  </message>
  <message>
   <source>Doctor</source>
   <translation>環境檢查</translation>
  </message>
  <message>
   <source>Done</source>
   <translation>完成</translation>
  </message>
  <message>
   <source>Drag to paint; arrows and 1 2 3 by keyboard</source>
   <translation>拖曳即可塗色；鍵盤用方向鍵和 1 2 3</translation>
  </message>
  <message>
   <source>Each fact is really tried, never assumed.</source>
   <translation>每一項都實際測試，不用猜的。</translation>
  </message>
  <message>
   <source>Earnings</source>
   <translation>收益</translation>
  </message>
  <message>
   <source>Earnings and rules still work. It is looked for by itself.</source>
   <translation>收益和規則仍可使用。系統會自動重新檢查。</translation>
  </message>
  <message>
   <source>Every attempt that runs here will be listed, paid or not, with its reason.</source>
   <translation>在這裡執行的每次嘗試都會列出，不論有沒有計酬，並附上原因。</translation>
  </message>
  <message>
   <source>Everything can be changed later under Rules; games and full screen come first.</source>
   <translation>之後都能在「使用規則」修改；遊戲和全螢幕優先。</translation>
  </message>
  <message>
   <source>Everything that is needed works, tried just now.</source>
   <translation>需要的都能用，剛剛實際測試過。</translation>
  </message>
  <message>
   <source>Explain</source>
   <translation>這筆怎麼算</translation>
  </message>
  <message>
   <source>Explain this amount</source>
   <translation>這筆怎麼算</translation>
  </message>
  <message>
   <source>Export</source>
   <translation>匯出</translation>
  </message>
  <message>
   <source>Export…</source>
   <translation>匯出…</translation>
  </message>
  <message>
   <source>Fingerprint</source>
   <translation>指紋</translation>
  </message>
  <message>
   <source>Finish current, then pause</source>
   <translation>做完目前的再暫停</translation>
  </message>
  <message>
   <source>Finish current, then quit</source>
   <translation>做完目前的再結束</translation>
  </message>
  <message>
   <source>Finished results</source>
   <translation>完成的結果</translation>
  </message>
  <message>
   <source>Finishing {tasks}, then it pauses.</source>
   <translation>做完 {tasks}後暫停。</translation>
  </message>
  <message>
   <source>Finishing {tasks}, then it quits.</source>
   <translation>做完 {tasks}後結束。</translation>
  </message>
  <message>
   <source>First earning: +{amount}. See how it was worked out.</source>
   <translation>第一筆收益：+{amount}。看看這筆怎麼算。</translation>
  </message>
  <message>
   <source>First start</source>
   <translation>首次設定</translation>
  </message>
  <message>
   <source>Five short steps: the link, what you agree to, a check, how much you lend, and a try.</source>
   <translation>五個簡短步驟：連結、你同意的事、檢查、出借多少，以及試跑一次。</translation>
  </message>
  <message>
   <source>Forecast 7 d: {low}–{high} CPT, by the last {n} d</source>
   <translation>7 天約 {low}–{high} CPT（依過去 {n} 天）</translation>
  </message>
  <message>
   <source>Forecast: needs 14 days of this computer's own history</source>
   <translation>預估：需要這台電腦自己 14 天的資料</translation>
  </message>
  <message>
   <source>Found by itself once mended; checked again in {n} s</source>
   <translation>修好會自動發現，{n} 秒後重新檢查</translation>
  </message>
  <message>
   <source>Free it now</source>
   <translation>立即釋出</translation>
  </message>
  <message>
   <source>Fri</source>
   <translation>週五</translation>
  </message>
  <message>
   <source>Frozen</source>
   <translation>已凍結</translation>
  </message>
  <message>
   <source>Full</source>
   <translation>全力</translation>
  </message>
  <message>
   <source>Full-screen programs</source>
   <translation>全螢幕程式</translation>
  </message>
  <message>
   <source>GPU</source>
   <translation>GPU</translation>
  </message>
  <message>
   <source>GPU bonus</source>
   <translation>GPU 獎勵</translation>
  </message>
  <message>
   <source>GPU memory</source>
   <translation>GPU 記憶體</translation>
  </message>
  <message>
   <source>GPU, %</source>
   <translation>GPU（%）</translation>
  </message>
  <message>
   <source>Games and full screen</source>
   <translation>遊戲與全螢幕</translation>
  </message>
  <message>
   <source>Games and full-screen programs still come first.</source>
   <translation>遊戲和全螢幕程式仍然優先。</translation>
  </message>
  <message>
   <source>Gaming</source>
   <translation>遊戲</translation>
  </message>
  <message>
   <source>Give back and quit</source>
   <translation>交還並結束</translation>
  </message>
  <message>
   <source>Give the work back now with its checkpoint, or choose “Finish current, then quit” in the tray.</source>
   <translation>立即交還任務並保留檢查點，或在系統匣選「做完目前的再結束」。</translation>
  </message>
  <message>
   <source>Give work back now</source>
   <translation>立即交還任務</translation>
  </message>
  <message>
   <source>Giving work back, then it quits.</source>
   <translation>正在交還任務，之後結束。</translation>
  </message>
  <message>
   <source>Good to know</source>
   <translation>供參考</translation>
  </message>
  <message>
   <source>Half a core and a quarter of a GB, on this computer alone.</source>
   <translation>半個核心、四分之一 GB，只在這台電腦上。</translation>
  </message>
  <message>
   <source>Heals by itself</source>
   <translation>會自動恢復</translation>
  </message>
  <message>
   <source>Heat, no sensor</source>
   <translation>溫度，無感測器</translation>
  </message>
  <message>
   <source>High contrast</source>
   <translation>高對比</translation>
  </message>
  <message>
   <source>HiveMind Worker</source>
   <translation>HiveMind 工作節點</translation>
  </message>
  <message>
   <source>HiveMind goes on in the tray</source>
   <translation>HiveMind 會在系統匣繼續</translation>
  </message>
  <message>
   <source>HiveMind is free software under the GNU General Public License 3. It uses Qt (LGPL 3), gRPC (Apache 2), pyqtgraph and NumPy (MIT, BSD) and others; docs/licences.md names each.</source>
   <translation>HiveMind 是自由軟體，採用 GNU 通用公共授權條款第 3 版。它使用 Qt（LGPL 3）、gRPC（Apache 2）、pyqtgraph 與 NumPy（MIT、BSD）等元件，docs/licences.md 逐一列出。</translation>
  </message>
  <message>
   <source>HiveMind needs you</source>
   <translation>HiveMind 需要你處理</translation>
  </message>
  <message>
   <source>How much do you lend?</source>
   <translation>要出借多少？</translation>
  </message>
  <message>
   <source>Idle for, in minutes</source>
   <translation>閒置分鐘數</translation>
  </message>
  <message>
   <source>Idle time</source>
   <translation>閒置時間</translation>
  </message>
  <message>
   <source>Idle time comes from: {source}, read each second</source>
   <translation>閒置來源：{source}，每秒讀取 1 次</translation>
  </message>
  <message>
   <source>If it is still away at {time}</source>
   <translation>如果 {time} 還連不上</translation>
  </message>
  <message>
   <source>If it stays on after all, lending goes on by itself within 3 minutes.</source>
   <translation>如果最後沒有關機，會在 3 分鐘內自動繼續出借。</translation>
  </message>
  <message>
   <source>If the connection breaks</source>
   <translation>如果連線中斷</translation>
  </message>
  <message>
   <source>If you leave now, it starts at {time}.</source>
   <translation>如果你從現在起離開，{time} 開始。</translation>
  </message>
  <message>
   <source>Image</source>
   <translation>映像檔</translation>
  </message>
  <message>
   <source>In use</source>
   <translation>使用中</translation>
  </message>
  <message>
   <source>It could not be changed: {reason}</source>
   <translation>無法變更：{reason}</translation>
  </message>
  <message>
   <source>It counts primes for a quarter of a minute in a real container, and the pool pays you a little for it. So you see everything once that happens by itself from now on.</source>
   <translation>它在真正的容器裡數質數約十五秒，節點池會付你一點點。以後會自動發生的一切，就先看過一遍。</translation>
  </message>
  <message>
   <source>It did not end well: {words}</source>
   <translation>沒有順利結束：{words}</translation>
  </message>
  <message>
   <source>It goes back to the pool; you are paid up to its last checkpoint, the rest of {amount} CPT is lost.</source>
   <translation>任務會交還節點池；收益計到最後一個檢查點，{amount} CPT 的其餘部分不計。</translation>
  </message>
  <message>
   <source>It goes on where you left it.</source>
   <translation>會從你離開的地方繼續。</translation>
  </message>
  <message>
   <source>It runs, and is metered</source>
   <translation>執行並計量</translation>
  </message>
  <message>
   <source>It takes only tasks of the {listed_owners} and with the {listed_images} on your lists.</source>
   <translation>只接名單上 {listed_owners}、且使用名單上 {listed_images}的任務。</translation>
  </message>
  <message>
   <source>It takes only tasks of the {listed_owners} on your list.</source>
   <translation>只接名單上 {listed_owners}的任務。</translation>
  </message>
  <message>
   <source>It takes only tasks with the {listed_images} on your list.</source>
   <translation>只接使用名單上 {listed_images}的任務。</translation>
  </message>
  <message>
   <source>It tries again by itself, and at once when the network returns.</source>
   <translation>會自動重試，網路恢復時立即連線。</translation>
  </message>
  <message>
   <source>Join</source>
   <translation>加入</translation>
  </message>
  <message>
   <source>Join a pool…</source>
   <translation>加入節點池…</translation>
  </message>
  <message>
   <source>Join anew</source>
   <translation>重新加入</translation>
  </message>
  <message>
   <source>Join link</source>
   <translation>加入連結</translation>
  </message>
  <message>
   <source>Join {pool}</source>
   <translation>加入 {pool}</translation>
  </message>
  <message>
   <source>Joined {pool} as {name}.</source>
   <translation>已用 {name} 的名稱加入 {pool}。</translation>
  </message>
  <message>
   <source>Joining…</source>
   <translation>加入中…</translation>
  </message>
  <message>
   <source>Keep running without a window</source>
   <translation>關閉視窗，繼續執行</translation>
  </message>
  <message>
   <source>Language</source>
   <translation>語言</translation>
  </message>
  <message>
   <source>Latency</source>
   <translation>延遲</translation>
  </message>
  <message>
   <source>Leave the pool</source>
   <translation>離開節點池</translation>
  </message>
  <message>
   <source>Leave the pool…</source>
   <translation>離開節點池…</translation>
  </message>
  <message>
   <source>Leave without applying?</source>
   <translation>不套用就離開嗎？</translation>
  </message>
  <message>
   <source>Leave {pool}?</source>
   <translation>要離開 {pool} 嗎？</translation>
  </message>
  <message>
   <source>Lend this computer</source>
   <translation>出借這台電腦</translation>
  </message>
  <message>
   <source>Lend this computer to {pool}?</source>
   <translation>要把這台電腦出借給 {pool} 嗎？</translation>
  </message>
  <message>
   <source>Lend this computer when you do not need it</source>
   <translation>用不到電腦時就出借</translation>
  </message>
  <message>
   <source>Lending</source>
   <translation>出借這台電腦</translation>
  </message>
  <message>
   <source>Lending is switched off.</source>
   <translation>出借已關閉。</translation>
  </message>
  <message>
   <source>Lends this computer to a pool, when you do not need it, and shows what it earns.</source>
   <translation>在你用不到這台電腦時出借給節點池，並顯示賺到的收益。</translation>
  </message>
  <message>
   <source>Let this user use Docker, then sign out and in again:</source>
   <translation>請讓這位使用者可以使用 Docker，然後登出再登入：</translation>
  </message>
  <message>
   <source>Licences</source>
   <translation>授權條款</translation>
  </message>
  <message>
   <source>Light</source>
   <translation>淺色</translation>
  </message>
  <message>
   <source>Load</source>
   <translation>負載</translation>
  </message>
  <message>
   <source>Local time ({zone}); the thick frame is now</source>
   <translation>當地時間（{zone}），粗框是現在</translation>
  </message>
  <message>
   <source>Log</source>
   <translation>日誌</translation>
  </message>
  <message>
   <source>Make it {minutes} min</source>
   <translation>改成 {minutes} 分鐘</translation>
  </message>
  <message>
   <source>Make room on this disk. {words}</source>
   <translation>請清出磁碟空間。{words}</translation>
  </message>
  <message>
   <source>Make room, or lower the disk budget under Rules.</source>
   <translation>請清出空間，或在「使用規則」降低磁碟用量上限。</translation>
  </message>
  <message>
   <source>Master</source>
   <translation>主控節點</translation>
  </message>
  <message>
   <source>Memory</source>
   <translation>記憶體</translation>
  </message>
  <message>
   <source>Memory, GB</source>
   <translation>記憶體（GB）</translation>
  </message>
  <message>
   <source>Metered network</source>
   <translation>計量付費連線</translation>
  </message>
  <message>
   <source>Mon</source>
   <translation>週一</translation>
  </message>
  <message>
   <source>More pauses</source>
   <translation>更多暫停選項</translation>
  </message>
  <message>
   <source>Multiplier</source>
   <translation>使用率倍數</translation>
  </message>
  <message>
   <source>NOT ISOLATED: runs as a process of yours. Only your own tasks are taken.</source>
   <translation>未隔離：以你的行程執行。只接你自己的任務。</translation>
  </message>
  <message>
   <source>Name of the master</source>
   <translation>主控節點的名稱</translation>
  </message>
  <message>
   <source>Needs attention</source>
   <translation>需要處理</translation>
  </message>
  <message>
   <source>Needs you</source>
   <translation>需要處理</translation>
  </message>
  <message>
   <source>Network</source>
   <translation>網路</translation>
  </message>
  <message>
   <source>Next</source>
   <translation>下一步</translation>
  </message>
  <message>
   <source>No container holds perfectly: a flaw in Docker or in a driver could let a task out. Join only pools that you trust. Fans get louder and power use rises while tasks run.</source>
   <translation>沒有容器是完美的：Docker 或驅動程式的漏洞可能讓任務跑出來。只加入你信任的節點池。執行任務時風扇會變大聲，用電也會增加。</translation>
  </message>
  <message>
   <source>No container now. The last one:</source>
   <translation>目前沒有容器。上一個：</translation>
  </message>
  <message>
   <source>No network. 0 bytes left. Reads none of your files.</source>
   <translation>不連網。送出 0 位元組。不讀取你的任何檔案。</translation>
  </message>
  <message>
   <source>No rules are set yet: it lends always. Apply a preset to change that.</source>
   <translation>還沒設定規則：隨時出借。套用一組預設即可改變。</translation>
  </message>
  <message>
   <source>No tasks are taken: {words}.</source>
   <translation>暫時不接任務：{words}。</translation>
  </message>
  <message>
   <source>Nothing has run here yet.</source>
   <translation>這裡還沒有執行過任務。</translation>
  </message>
  <message>
   <source>Nothing more is taken from {owner}. It can be undone under Rules.</source>
   <translation>不再接 {owner} 的任務。可在「使用規則」復原。</translation>
  </message>
  <message>
   <source>Nothing runs, because a game or a full-screen program has the computer.</source>
   <translation>沒有執行任務，因為遊戲或全螢幕程式正在使用電腦。</translation>
  </message>
  <message>
   <source>Nothing runs, because it is {degrees} °C hot; your ceiling is {need_degrees} °C.</source>
   <translation>沒有執行任務，因為溫度 {degrees}°C，你的上限是 {need_degrees}°C。</translation>
  </message>
  <message>
   <source>Nothing runs, because the computer is on battery.</source>
   <translation>沒有執行任務，因為電腦正在使用電池。</translation>
  </message>
  <message>
   <source>Nothing runs, because the container engine does not work.</source>
   <translation>沒有執行任務，因為容器引擎無法使用。</translation>
  </message>
  <message>
   <source>Nothing runs, because the disk is nearly full.</source>
   <translation>沒有執行任務，因為磁碟快滿了。</translation>
  </message>
  <message>
   <source>Nothing runs, because the network is metered.</source>
   <translation>沒有執行任務，因為網路是計量付費連線。</translation>
  </message>
  <message>
   <source>Nothing runs, because you are using this computer.</source>
   <translation>沒有執行任務，因為你正在使用這台電腦。</translation>
  </message>
  <message>
   <source>Now</source>
   <translation>目前狀況</translation>
  </message>
  <message>
   <source>Off</source>
   <translation>關</translation>
  </message>
  <message>
   <source>Offline</source>
   <translation>離線</translation>
  </message>
  <message>
   <source>Offline since {since}, next try in {next}.</source>
   <translation>自 {since} 起離線，{next}後重試。</translation>
  </message>
  <message>
   <source>Offline since {since}, next try in {next}. Running work may go on until {until}.</source>
   <translation>自 {since} 起離線，{next}後重試。執行中的任務可做到 {until}。</translation>
  </message>
  <message>
   <source>Offline since {since}, trying now.</source>
   <translation>自 {since} 起離線，正在重試。</translation>
  </message>
  <message>
   <source>Offline since {since}, trying now. Running work may go on until {until}.</source>
   <translation>自 {since} 起離線，正在重試。執行中的任務可做到 {until}。</translation>
  </message>
  <message>
   <source>On battery</source>
   <translation>使用電池時</translation>
  </message>
  <message>
   <source>On, {preset}</source>
   <translation>開，{preset}</translation>
  </message>
  <message>
   <source>One image a line, such as hivemind/python, python:3.12 or lab/*. A name without a tag allows every tag. Nothing here: any image that the pool allows.</source>
   <translation>一行一個映像檔，例如 hivemind/python、python:3.12 或 lab/*。沒寫標記的名稱允許所有標記。留空就是節點池允許的任何映像檔。</translation>
  </message>
  <message>
   <source>One practice subtask, the whole way</source>
   <translation>試跑子任務，從頭到尾走一遍</translation>
  </message>
  <message>
   <source>One program a line, by its name, such as blender or game.exe:</source>
   <translation>每行一個程式名稱，例如 blender 或 game.exe：</translation>
  </message>
  <message>
   <source>Only lines with…</source>
   <translation>只顯示含有…的行</translation>
  </message>
  <message>
   <source>Open HiveMind</source>
   <translation>開啟 HiveMind</translation>
  </message>
  <message>
   <source>Open hivemind: links</source>
   <translation>開啟 hivemind: 連結</translation>
  </message>
  <message>
   <source>Open log</source>
   <translation>開啟日誌</translation>
  </message>
  <message>
   <source>Open the doctor</source>
   <translation>開啟環境檢查</translation>
  </message>
  <message>
   <source>Open the folder</source>
   <translation>開啟資料夾</translation>
  </message>
  <message>
   <source>Operator</source>
   <translation>管理員</translation>
  </message>
  <message>
   <source>Paid from the pool's mint, by the same rule as all work.</source>
   <translation>由節點池的發行帳戶支付，規則與所有工作相同。</translation>
  </message>
  <message>
   <source>Painting: {cells}</source>
   <translation>正在塗：{cells}</translation>
  </message>
  <message>
   <source>Paste</source>
   <translation>貼上</translation>
  </message>
  <message>
   <source>Paste a join link to begin.</source>
   <translation>貼上加入連結即可開始。</translation>
  </message>
  <message>
   <source>Pause 1 hour</source>
   <translation>暫停 1 小時</translation>
  </message>
  <message>
   <source>Pause 1 hour instead</source>
   <translation>改為暫停 1 小時</translation>
  </message>
  <message>
   <source>Pause 15 minutes</source>
   <translation>暫停 15 分鐘</translation>
  </message>
  <message>
   <source>Pause 15 minutes instead</source>
   <translation>改為暫停 15 分鐘</translation>
  </message>
  <message>
   <source>Pause 4 hours</source>
   <translation>暫停 4 小時</translation>
  </message>
  <message>
   <source>Pause 4 hours instead</source>
   <translation>改為暫停 4 小時</translation>
  </message>
  <message>
   <source>Pause the GPU only</source>
   <translation>只暫停 GPU</translation>
  </message>
  <message>
   <source>Pause the GPU only	no GPU here</source>
   <translation>只暫停 GPU	這台沒有 GPU</translation>
  </message>
  <message>
   <source>Pause the GPU only	off by your rules</source>
   <translation>只暫停 GPU	依你的規則不使用</translation>
  </message>
  <message>
   <source>Pause the charts</source>
   <translation>暫停圖表</translation>
  </message>
  <message>
   <source>Pause until I resume</source>
   <translation>暫停到我按繼續</translation>
  </message>
  <message>
   <source>Paused by you until you resume.</source>
   <translation>你已暫停，直到你按繼續。</translation>
  </message>
  <message>
   <source>Paused by you until {until} ({left} left).</source>
   <translation>你已暫停到 {until}（還有 {left}）。</translation>
  </message>
  <message>
   <source>Pending</source>
   <translation>待入帳</translation>
  </message>
  <message>
   <source>Per day</source>
   <translation>每天</translation>
  </message>
  <message>
   <source>Pool</source>
   <translation>節點池</translation>
  </message>
  <message>
   <source>Pool fee</source>
   <translation>手續費</translation>
  </message>
  <message>
   <source>Posted {posted} CPT, by the ticks here {computed} CPT: copy this for the operator.</source>
   <translation>入帳 {posted} CPT，依這裡的計量是 {computed} CPT：請複製給管理員。</translation>
  </message>
  <message>
   <source>Power</source>
   <translation>電源</translation>
  </message>
  <message>
   <source>Practice</source>
   <translation>試跑</translation>
  </message>
  <message>
   <source>Protocol</source>
   <translation>協定</translation>
  </message>
  <message>
   <source>Quit</source>
   <translation>結束</translation>
  </message>
  <message>
   <source>Quit while tasks run?</source>
   <translation>任務還在執行，要結束嗎？</translation>
  </message>
  <message>
   <source>Quit…</source>
   <translation>結束…</translation>
  </message>
  <message>
   <source>Read this once. You can leave at any time, and keep what you earned.</source>
   <translation>請讀一次。你隨時可以離開，賺到的收益仍屬於你。</translation>
  </message>
  <message>
   <source>Really runs a container</source>
   <translation>真的跑得起容器</translation>
  </message>
  <message>
   <source>Receipt {n}, worked out again from its ticks: agrees</source>
   <translation>第 {n} 張收據，由計量重新計算：相符</translation>
  </message>
  <message>
   <source>Reserved</source>
   <translation>已保留</translation>
  </message>
  <message>
   <source>Resting by schedule until {until}.</source>
   <translation>依時段表休息到 {until}。</translation>
  </message>
  <message>
   <source>Resting by schedule.</source>
   <translation>依時段表休息。</translation>
  </message>
  <message>
   <source>Resume now</source>
   <translation>立即繼續</translation>
  </message>
  <message>
   <source>Retry now</source>
   <translation>立即重試</translation>
  </message>
  <message>
   <source>Rules</source>
   <translation>使用規則</translation>
  </message>
  <message>
   <source>Running for</source>
   <translation>已執行</translation>
  </message>
  <message>
   <source>Running work</source>
   <translation>正在執行的工作</translation>
  </message>
  <message>
   <source>Running work goes on for up to 10 minutes; what is finished is kept on disk and sent later.</source>
   <translation>執行中的任務最多再做 10 分鐘；做完的結果存在磁碟，之後再送出。</translation>
  </message>
  <message>
   <source>Running work is given back. What you earned stays yours. To come back you need a new link.</source>
   <translation>執行中的任務會交還。你賺到的收益仍屬於你。要再加入需要新的加入連結。</translation>
  </message>
  <message>
   <source>Running work, when it begins</source>
   <translation>進入這個情境時，正在執行的工作</translation>
  </message>
  <message>
   <source>Runs 10 minutes after you left, with up to 75 % of the CPU and no GPU. Freezes when you return.</source>
   <translation>離開 10 分鐘後執行，CPU 用到 75%，不用 GPU。你回來就凍結。</translation>
  </message>
  <message>
   <source>Runs 30 minutes after you left, with half the CPU and no GPU. Stops at once when you return and keeps its checkpoint.</source>
   <translation>只在你離開 30 分鐘後執行，最多用一半 CPU，不用 GPU。你回來就立即停止，並保留檢查點。</translation>
  </message>
  <message>
   <source>Runs always: 2 cores while you use the computer, all of CPU and GPU when you are away. Games come first.</source>
   <translation>隨時執行：你用電腦時降到 2 核心，離開時用全部 CPU 和 GPU。遊戲優先。</translation>
  </message>
  <message>
   <source>SHA-256, equal to that of your link</source>
   <translation>SHA-256，與加入連結的相同</translation>
  </message>
  <message>
   <source>Sat</source>
   <translation>週六</translation>
  </message>
  <message>
   <source>Schedule</source>
   <translation>時段表</translation>
  </message>
  <message>
   <source>See the page Connection. {words}</source>
   <translation>請看「連線」頁面。{words}</translation>
  </message>
  <message>
   <source>Service runs since</source>
   <translation>背景服務啟動時間</translation>
  </message>
  <message>
   <source>Set the clock of this computer. {words}</source>
   <translation>請校正這台電腦的時鐘。{words}</translation>
  </message>
  <message>
   <source>Set-up is not finished; no tasks are taken yet.</source>
   <translation>設定還沒完成，暫時不接任務。</translation>
  </message>
  <message>
   <source>Share of the lent cores</source>
   <translation>出借核心的使用比例</translation>
  </message>
  <message>
   <source>Show</source>
   <translation>顯示</translation>
  </message>
  <message>
   <source>Show the exact data</source>
   <translation>顯示實際送出的資料</translation>
  </message>
  <message>
   <source>Situation</source>
   <translation>情境</translation>
  </message>
  <message>
   <source>Skip it, take no tasks yet</source>
   <translation>先跳過，暫不接任務</translation>
  </message>
  <message>
   <source>Slot</source>
   <translation>空位</translation>
  </message>
  <message>
   <source>Slowed down</source>
   <translation>已降速</translation>
  </message>
  <message>
   <source>Somebody else: the id of their account</source>
   <translation>其他人：請輸入帳號的識別碼</translation>
  </message>
  <message>
   <source>Soonest</source>
   <translation>最快什麼時候</translation>
  </message>
  <message>
   <source>Span of the charts</source>
   <translation>圖表範圍</translation>
  </message>
  <message>
   <source>Standing by</source>
   <translation>待命</translation>
  </message>
  <message>
   <source>Start Docker Desktop or its service.</source>
   <translation>請啟動 Docker Desktop 或它的服務。</translation>
  </message>
  <message>
   <source>Start at login</source>
   <translation>登入時自動啟動</translation>
  </message>
  <message>
   <source>Start lending</source>
   <translation>開始出借</translation>
  </message>
  <message>
   <source>Start now, this time</source>
   <translation>這次就開始</translation>
  </message>
  <message>
   <source>State</source>
   <translation>狀態</translation>
  </message>
  <message>
   <source>State updates</source>
   <translation>狀態更新</translation>
  </message>
  <message>
   <source>Stay</source>
   <translation>不要結束</translation>
  </message>
  <message>
   <source>Stop and block {owner}</source>
   <translation>停止並封鎖 {owner}</translation>
  </message>
  <message>
   <source>Stop this task</source>
   <translation>停止這個任務</translation>
  </message>
  <message>
   <source>Stop this task…</source>
   <translation>停止這個任務…</translation>
  </message>
  <message>
   <source>Stop {name}?</source>
   <translation>要停止「{name}」嗎？</translation>
  </message>
  <message>
   <source>Stop, and never again from this owner…</source>
   <translation>停止，而且不再接這位提交者的任務…</translation>
  </message>
  <message>
   <source>Sun</source>
   <translation>週日</translation>
  </message>
  <message>
   <source>Switch on</source>
   <translation>開啟</translation>
  </message>
  <message>
   <source>System</source>
   <translation>系統</translation>
  </message>
  <message>
   <source>Take tasks again from:</source>
   <translation>重新接這位的任務：</translation>
  </message>
  <message>
   <source>Task / subtask</source>
   <translation>任務／子任務</translation>
  </message>
  <message>
   <source>Tasks can</source>
   <translation>任務可以</translation>
  </message>
  <message>
   <source>Tasks cannot</source>
   <translation>任務不能</translation>
  </message>
  <message>
   <source>Tasks keep running. Quit is in the menu of this icon.</source>
   <translation>任務繼續執行。要結束請用這個圖示的選單。</translation>
  </message>
  <message>
   <source>Tasks of the pool</source>
   <translation>節點池的任務</translation>
  </message>
  <message>
   <source>Tasks run in containers, so that they can reach nothing of yours. Install Docker:</source>
   <translation>任務在容器裡執行，碰不到你的任何東西。請安裝 Docker：</translation>
  </message>
  <message>
   <source>Tasks run only as these words say. The switch in the tray stops them at any moment, and a pause ends by itself.</source>
   <translation>任務只照上面說的執行。系統匣的開關隨時能停下來，暫停到時間會自動結束。</translation>
  </message>
  <message>
   <source>Temperature</source>
   <translation>溫度</translation>
  </message>
  <message>
   <source>Temperature ceiling</source>
   <translation>溫度上限</translation>
  </message>
  <message>
   <source>Temperature: cannot be read on this computer</source>
   <translation>這台電腦讀不到溫度</translation>
  </message>
  <message>
   <source>That could not be changed: {reason}</source>
   <translation>無法變更：{reason}</translation>
  </message>
  <message>
   <source>The GPU is paused.</source>
   <translation>GPU 已暫停。</translation>
  </message>
  <message>
   <source>The container is made</source>
   <translation>建立容器</translation>
  </message>
  <message>
   <source>The disk is nearly full, so no tasks are taken.</source>
   <translation>磁碟快滿了，暫時不接任務。</translation>
  </message>
  <message>
   <source>The master has not posted it yet.</source>
   <translation>主控節點尚未入帳。</translation>
  </message>
  <message>
   <source>The master turned this computer away: {words}</source>
   <translation>主控節點拒絕這台電腦：{words}</translation>
  </message>
  <message>
   <source>The next 24 hours</source>
   <translation>接下來 24 小時</translation>
  </message>
  <message>
   <source>The pool checks and pays</source>
   <translation>節點池檢查並付款</translation>
  </message>
  <message>
   <source>The pool offers it</source>
   <translation>節點池派出子任務</translation>
  </message>
  <message>
   <source>The pool sees:</source>
   <translation>節點池看得到：</translation>
  </message>
  <message>
   <source>The pool's operator gives you this link. It works once and is spent at once, so that it cannot run out while Docker is being installed. Nothing is lent before you agreed on the next page.</source>
   <translation>這個連結由節點池的管理員提供，只能用一次，按下後立即使用，不會在安裝 Docker 時過期。在你於下一頁同意之前，不會出借任何東西。</translation>
  </message>
  <message>
   <source>The practice subtask is on its way; the pool pays for it.</source>
   <translation>試跑子任務正在進行，由節點池付款。</translation>
  </message>
  <message>
   <source>The system is shutting down, so work goes back with its checkpoints.</source>
   <translation>系統正在關機，工作會連同檢查點退回。</translation>
  </message>
  <message>
   <source>The way to the master</source>
   <translation>到主控節點的路徑</translation>
  </message>
  <message>
   <source>The worker service</source>
   <translation>工作節點服務</translation>
  </message>
  <message>
   <source>The worker service is being started…</source>
   <translation>正在啟動工作節點服務…</translation>
  </message>
  <message>
   <source>The worker service is not running since {since}; it is started again in {next}.</source>
   <translation>工作節點服務自 {since} 起沒有執行，{next}後重新啟動。</translation>
  </message>
  <message>
   <source>These rules hold now.</source>
   <translation>這些規則已生效。</translation>
  </message>
  <message>
   <source>This account had its practice subtask before.</source>
   <translation>這個帳號已經試跑過了。</translation>
  </message>
  <message>
   <source>This computer</source>
   <translation>這台電腦</translation>
  </message>
  <message>
   <source>This computer has no GPU that containers can use.</source>
   <translation>這台電腦沒有容器能用的 GPU。</translation>
  </message>
  <message>
   <source>This computer has not joined a pool yet.</source>
   <translation>這台電腦還沒加入節點池。</translation>
  </message>
  <message>
   <source>This computer is ready. The master says: {words}</source>
   <translation>這台電腦已就緒。主控節點說：{words}</translation>
  </message>
  <message>
   <source>This computer is ready. The pool has no task that fits it at the moment.</source>
   <translation>這台電腦已就緒。節點池目前沒有適合它的任務。</translation>
  </message>
  <message>
   <source>This computer stops its {n} tasks and keeps their checkpoints; the pool gives them to others. Finished results are still sent, and paid where no other computer was first.</source>
   <translation>這台電腦會自行停止這 {n} 個任務並保留檢查點，節點池改派給別台。已做完的結果仍會送出；別台還沒做完的話，照常入帳。</translation>
  </message>
  <message>
   <source>This computer's CPU</source>
   <translation>這台電腦 CPU</translation>
  </message>
  <message>
   <source>This desktop has no tray to hide in. The worker can go on without a window, or quit too.</source>
   <translation>這個桌面沒有系統匣。工作節點可以在沒有視窗的情況下繼續，也可以一起結束。</translation>
  </message>
  <message>
   <source>This user may use Docker</source>
   <translation>這位使用者可以使用 Docker</translation>
  </message>
  <message>
   <source>Thu</source>
   <translation>週四</translation>
  </message>
  <message>
   <source>Tick whose tasks may run here. Nobody ticked: anyone whom the pool lets in. Blocked owners stay blocked.</source>
   <translation>勾選誰的任務可以在這裡執行。都不勾選，就是節點池允許的任何人。已封鎖的提交者仍會封鎖。</translation>
  </message>
  <message>
   <source>Time</source>
   <translation>時間</translation>
  </message>
  <message>
   <source>Time line</source>
   <translation>時間線</translation>
  </message>
  <message>
   <source>Today</source>
   <translation>今天</translation>
  </message>
  <message>
   <source>Today {amount}</source>
   <translation>今天 {amount}</translation>
  </message>
  <message>
   <source>Today, posted</source>
   <translation>今天已入帳</translation>
  </message>
  <message>
   <source>Tue</source>
   <translation>週二</translation>
  </message>
  <message>
   <source>Use of the reservation, {n} ticks</source>
   <translation>保留資源的使用率，{n} 段</translation>
  </message>
  <message>
   <source>Use this list</source>
   <translation>使用這份名單</translation>
  </message>
  <message>
   <source>Version</source>
   <translation>版本</translation>
  </message>
  <message>
   <source>Virtualisation of the processor</source>
   <translation>處理器虛擬化</translation>
  </message>
  <message>
   <source>WSL 2</source>
   <translation>WSL 2</translation>
  </message>
  <message>
   <source>Waits to be sent</source>
   <translation>等待送出</translation>
  </message>
  <message>
   <source>Wed</source>
   <translation>週三</translation>
  </message>
  <message>
   <source>What remains:</source>
   <translation>仍有的風險：</translation>
  </message>
  <message>
   <source>What the pool sees</source>
   <translation>節點池看得到什麼</translation>
  </message>
  <message>
   <source>What you see is from before it went.</source>
   <translation>畫面上是它停止前的資料。</translation>
  </message>
  <message>
   <source>When these programs run</source>
   <translation>指定程式執行時</translation>
  </message>
  <message>
   <source>When you return it finishes what runs and takes nothing new.</source>
   <translation>你回來時做完目前的，不接新的。</translation>
  </message>
  <message>
   <source>When you return it freezes within 1 s and keeps its place.</source>
   <translation>你回來時 1 秒內凍結，進度保留。</translation>
  </message>
  <message>
   <source>When you return it goes on.</source>
   <translation>你回來時照常執行。</translation>
  </message>
  <message>
   <source>When you return it slows down within 1 s.</source>
   <translation>你回來時 1 秒內降速。</translation>
  </message>
  <message>
   <source>When you return it stops within 1 s at its checkpoint, because it uses the GPU.</source>
   <translation>因為用到 GPU，你回來時 1 秒內停止並保留檢查點。</translation>
  </message>
  <message>
   <source>When you return it stops within 1 s at its checkpoint.</source>
   <translation>你回來時 1 秒內停止並保留檢查點。</translation>
  </message>
  <message>
   <source>Where it broke</source>
   <translation>斷在哪裡</translation>
  </message>
  <message>
   <source>Which images</source>
   <translation>接哪些映像檔</translation>
  </message>
  <message>
   <source>Who may submit</source>
   <translation>誰可以提交任務</translation>
  </message>
  <message>
   <source>Whose log</source>
   <translation>誰的日誌</translation>
  </message>
  <message>
   <source>Whose tasks</source>
   <translation>接誰的任務</translation>
  </message>
  <message>
   <source>Whose tasks, which images</source>
   <translation>任務來源與映像檔</translation>
  </message>
  <message>
   <source>Why idle</source>
   <translation>為什麼閒置</translation>
  </message>
  <message>
   <source>With these rules, would it run now: {answer}</source>
   <translation>以這些規則，現在會執行嗎：{answer}</translation>
  </message>
  <message>
   <source>Without a network, and without access to your files.</source>
   <translation>不連網，也讀不到你的檔案。</translation>
  </message>
  <message>
   <source>Work and earnings are kept on this computer. Back in time, it goes on and is paid as usual.</source>
   <translation>工作和收益都存在這台電腦。期限內重新連線就接著做，收益照算。</translation>
  </message>
  <message>
   <source>Working</source>
   <translation>工作中</translation>
  </message>
  <message>
   <source>You are paid</source>
   <translation>你的收益</translation>
  </message>
  <message>
   <source>You can</source>
   <translation>你可以</translation>
  </message>
  <message>
   <source>You can close this window at any time. The step is kept, also across a restart.</source>
   <translation>隨時可以關掉視窗或重新開機，會從這一步繼續。</translation>
  </message>
  <message>
   <source>You earned</source>
   <translation>你的收益</translation>
  </message>
  <message>
   <source>You used this computer {used} ago. It takes tasks again after {need} without use.</source>
   <translation>你在 {used}前用過這台電腦。閒置滿 {need}後才會再接任務。</translation>
  </message>
  <message>
   <source>Your changes to the rules are not applied yet.</source>
   <translation>你對規則的修改還沒套用。</translation>
  </message>
  <message>
   <source>Your switch</source>
   <translation>你的開關</translation>
  </message>
  <message>
   <source>a connection is tried</source>
   <translation>嘗試連線</translation>
  </message>
  <message>
   <source>a hypervisor answers for the processor</source>
   <translation>由虛擬機器管理程式代答</translation>
  </message>
  <message>
   <source>a join link that you click is put in here; you still agree first</source>
   <translation>點選的加入連結會填在這裡；之後仍要你先同意</translation>
  </message>
  <message>
   <source>about {rest} left by the program's own progress</source>
   <translation>依程式回報的進度，約還有 {rest}</translation>
  </message>
  <message>
   <source>about {time}</source>
   <translation>約 {time}</translation>
  </message>
  <message>
   <source>all lent cores</source>
   <translation>全部出借核心</translation>
  </message>
  <message>
   <source>all of it</source>
   <translation>用全部</translation>
  </message>
  <message>
   <source>all that was left in the task's hold</source>
   <translation>任務預扣剩下的全部</translation>
  </message>
  <message>
   <source>all {n} rules pass</source>
   <translation>{n} 條規則都通過</translation>
  </message>
  <message>
   <source>always</source>
   <translation>隨時</translation>
  </message>
  <message>
   <source>any but rest</source>
   <translation>休息以外</translation>
  </message>
  <message>
   <source>anyone who registers with this pool</source>
   <translation>任何註冊這個節點池的人</translation>
  </message>
  <message>
   <source>anyone's…</source>
   <translation>任何人…</translation>
  </message>
  <message>
   <source>any…</source>
   <translation>任何映像檔…</translation>
  </message>
  <message>
   <source>apart from the engine</source>
   <translation>和引擎無關</translation>
  </message>
  <message>
   <source>as soon as a task comes</source>
   <translation>有任務就開始</translation>
  </message>
  <message>
   <source>being checked</source>
   <translation>檢查中</translation>
  </message>
  <message>
   <source>being checked…</source>
   <translation>檢查中…</translation>
  </message>
  <message>
   <source>below {degrees} °C</source>
   <translation>低於 {degrees}°C</translation>
  </message>
  <message>
   <source>blue: now {time}</source>
   <translation>藍線：現在 {time}</translation>
  </message>
  <message>
   <source>broken here</source>
   <translation>斷在這裡</translation>
  </message>
  <message>
   <source>by your schedule; while you use the computer it is always yours</source>
   <translation>依時段表推算；你在用電腦時一律讓給你</translation>
  </message>
  <message>
   <source>cannot be estimated</source>
   <translation>目前無法估計</translation>
  </message>
  <message>
   <source>cannot be read on this computer</source>
   <translation>這台電腦讀不到</translation>
  </message>
  <message>
   <source>cannot be read; at most {percent} % of the lent cores</source>
   <translation>無法讀取；最多用出借核心的 {percent} %</translation>
  </message>
  <message>
   <source>cannot tell</source>
   <translation>無法確認</translation>
  </message>
  <message>
   <source>certificates need a right clock</source>
   <translation>憑證需要正確的時間</translation>
  </message>
  <message>
   <source>checked {time}: every stretch works</source>
   <translation>{time} 檢查：每一段都正常</translation>
  </message>
  <message>
   <source>checked {time}: it breaks at “{where}”</source>
   <translation>{time} 檢查：斷在「{where}」</translation>
  </message>
  <message>
   <source>checked {time}: this computer is fine, the master does not answer</source>
   <translation>{time} 檢查：這台電腦正常，主控節點沒有回應</translation>
  </message>
  <message>
   <source>computer name, processor, memory, GPU, disk size, load, and when this computer is free. Not your files, programs or what you type.</source>
   <translation>電腦名稱、處理器、記憶體、GPU、磁碟大小、負載，以及這台電腦何時有空。看不到你的檔案、程式或輸入的內容。</translation>
  </message>
  <message>
   <source>connected</source>
   <translation>已連線</translation>
  </message>
  <message>
   <source>connecting</source>
   <translation>連線中</translation>
  </message>
  <message>
   <source>container</source>
   <translation>容器</translation>
  </message>
  <message>
   <source>does not answer: {words}</source>
   <translation>沒有回應：{words}</translation>
  </message>
  <message>
   <source>done about {time}</source>
   <translation>約 {time} 做完</translation>
  </message>
  <message>
   <source>enough room</source>
   <translation>空間足夠</translation>
  </message>
  <message>
   <source>expired on {day}; it is renewed by itself</source>
   <translation>已在 {day} 過期，會自動更新</translation>
  </message>
  <message>
   <source>fetching files</source>
   <translation>取得檔案</translation>
  </message>
  <message>
   <source>filled: container, line: this computer, dashed: limit</source>
   <translation>實心：容器，細線：這台電腦，虛線：上限</translation>
  </message>
  <message>
   <source>finish, take nothing new</source>
   <translation>做完目前的，不接新的</translation>
  </message>
  <message>
   <source>free space is measured</source>
   <translation>量測可用空間</translation>
  </message>
  <message>
   <source>freeze</source>
   <translation>凍結</translation>
  </message>
  <message>
   <source>full</source>
   <translation>全力</translation>
  </message>
  <message>
   <source>full hours: not needed</source>
   <translation>全力時段，不需要閒置</translation>
  </message>
  <message>
   <source>full screen</source>
   <translation>全螢幕</translation>
  </message>
  <message>
   <source>full screen, or {n} chosen programs</source>
   <translation>全螢幕，或 {n} 個指定程式</translation>
  </message>
  <message>
   <source>getting the image</source>
   <translation>下載映像檔</translation>
  </message>
  <message>
   <source>given back because you needed the computer</source>
   <translation>你要用電腦，已交還</translation>
  </message>
  <message>
   <source>given back when the program quit</source>
   <translation>程式結束時已交還</translation>
  </message>
  <message>
   <source>gives all memory back within 1 s</source>
   <translation>1 秒內歸還所有記憶體</translation>
  </message>
  <message>
   <source>good until {day}, {n} days left</source>
   <translation>有效到 {day}，還有 {n} 天</translation>
  </message>
  <message>
   <source>has not joined a pool yet</source>
   <translation>尚未加入節點池</translation>
  </message>
  <message>
   <source>idle for</source>
   <translation>閒置滿</translation>
  </message>
  <message>
   <source>if you do not touch keyboard or pointer from now on</source>
   <translation>如果你從現在起不碰鍵盤滑鼠</translation>
  </message>
  <message>
   <source>in CPT, by what tasks reserve and by what they really use</source>
   <translation>以 CPT 計，依任務保留的資源和實際用量</translation>
  </message>
  <message>
   <source>installing packages</source>
   <translation>安裝套件</translation>
  </message>
  <message>
   <source>is asked of the firmware</source>
   <translation>向韌體查詢</translation>
  </message>
  <message>
   <source>is checked by itself after the one before</source>
   <translation>前一項通過後自動檢查</translation>
  </message>
  <message>
   <source>is checked once Docker is installed</source>
   <translation>Docker 安裝後自動檢查</translation>
  </message>
  <message>
   <source>keep running</source>
   <translation>照常執行</translation>
  </message>
  <message>
   <source>keeps checkpoint</source>
   <translation>保留檢查點</translation>
  </message>
  <message>
   <source>last {n} of {total} lines</source>
   <translation>最後 {n} 行，共 {total} 行</translation>
  </message>
  <message>
   <source>left of {time}</source>
   <translation>（共 {time}）</translation>
  </message>
  <message>
   <source>looks for the program and its socket</source>
   <translation>尋找程式和它的通訊端</translation>
  </message>
  <message>
   <source>makes, limits, meters and removes 1 container, about 10 s</source>
   <translation>會建立、限制、量測、移除 1 個容器，約 10 秒</translation>
  </message>
  <message>
   <source>making the container</source>
   <translation>建立容器</translation>
  </message>
  <message>
   <source>matters after the one above</source>
   <translation>前一條通過才輪到這條</translation>
  </message>
  <message>
   <source>measured here; the pool's receipt is on its way</source>
   <translation>已在這裡計量，節點池的收據就快到了</translation>
  </message>
  <message>
   <source>members whom the operator invited</source>
   <translation>管理員邀請的成員</translation>
  </message>
  <message>
   <source>members whom the operator made accounts for</source>
   <translation>由管理員建立帳號的成員</translation>
  </message>
  <message>
   <source>merge, from {owner}</source>
   <translation>合併，提交者 {owner}</translation>
  </message>
  <message>
   <source>metered</source>
   <translation>計量付費</translation>
  </message>
  <message>
   <source>min</source>
   <translation>分鐘</translation>
  </message>
  <message>
   <source>needs you</source>
   <translation>需要處理</translation>
  </message>
  <message>
   <source>needs {need}, is {have}</source>
   <translation>需要 {need}，現有 {have}</translation>
  </message>
  <message>
   <source>newest first</source>
   <translation>最新的在前</translation>
  </message>
  <message>
   <source>no Docker was found on this computer</source>
   <translation>這台電腦找不到 Docker</translation>
  </message>
  <message>
   <source>no GPU</source>
   <translation>沒有 GPU</translation>
  </message>
  <message>
   <source>no answer in {time}</source>
   <translation>等了 {time} 沒有回應</translation>
  </message>
  <message>
   <source>no folder of this computer is visible to them</source>
   <translation>看不到這台電腦的任何資料夾</translation>
  </message>
  <message>
   <source>no lines yet</source>
   <translation>還沒有內容</translation>
  </message>
  <message>
   <source>no pay</source>
   <translation>不計酬</translation>
  </message>
  <message>
   <source>no progress reported</source>
   <translation>沒有回報進度</translation>
  </message>
  <message>
   <source>no tasks that fit</source>
   <translation>沒有適合的任務</translation>
  </message>
  <message>
   <source>no, because a game or a full-screen program runs.</source>
   <translation>不會，因為有遊戲或全螢幕程式在執行。</translation>
  </message>
  <message>
   <source>no, because it has to be idle for {idle} and is for {have_idle}.</source>
   <translation>不會，因為閒置時間要滿 {idle}，現在是 {have_idle}。</translation>
  </message>
  <message>
   <source>no, because it is {have_degrees} °C and the ceiling is {degrees} °C.</source>
   <translation>不會，因為溫度 {have_degrees}°C，上限是 {degrees}°C。</translation>
  </message>
  <message>
   <source>no, because lending is paused or off.</source>
   <translation>不會，因為出借已暫停或關閉。</translation>
  </message>
  <message>
   <source>no, because nothing on this computer tells whether you are there.</source>
   <translation>不會，因為這台電腦無法得知你在不在。</translation>
  </message>
  <message>
   <source>no, because the computer is on battery.</source>
   <translation>不會，因為電腦正在使用電池。</translation>
  </message>
  <message>
   <source>no, because the container engine does not work.</source>
   <translation>不會，因為容器引擎無法使用。</translation>
  </message>
  <message>
   <source>no, because the disk is nearly full.</source>
   <translation>不會，因為磁碟快滿了。</translation>
  </message>
  <message>
   <source>no, because the network is metered.</source>
   <translation>不會，因為網路是計量付費連線。</translation>
  </message>
  <message>
   <source>no, because this hour rests in the schedule.</source>
   <translation>不會，因為時段表這時休息。</translation>
  </message>
  <message>
   <source>none</source>
   <translation>沒有</translation>
  </message>
  <message>
   <source>none allowed</source>
   <translation>不允許</translation>
  </message>
  <message>
   <source>none reserved</source>
   <translation>未保留</translation>
  </message>
  <message>
   <source>none, which is fine: tasks that need one go elsewhere</source>
   <translation>沒有，沒關係：需要 GPU 的任務會派給別台</translation>
  </message>
  <message>
   <source>none…</source>
   <translation>沒有…</translation>
  </message>
  <message>
   <source>not connected</source>
   <translation>未連線</translation>
  </message>
  <message>
   <source>not joined</source>
   <translation>未加入</translation>
  </message>
  <message>
   <source>not metered</source>
   <translation>非計量付費</translation>
  </message>
  <message>
   <source>not paid</source>
   <translation>不計酬</translation>
  </message>
  <message>
   <source>not reached</source>
   <translation>尚未到達</translation>
  </message>
  <message>
   <source>not the internet, not your home network, not other devices</source>
   <translation>不論網際網路、家中網路或其他裝置</translation>
  </message>
  <message>
   <source>not there, or too old for Docker</source>
   <translation>沒有安裝，或版本太舊</translation>
  </message>
  <message>
   <source>not used</source>
   <translation>不用</translation>
  </message>
  <message>
   <source>nothing metered</source>
   <translation>沒有計量</translation>
  </message>
  <message>
   <source>nothing pending</source>
   <translation>沒有待入帳</translation>
  </message>
  <message>
   <source>nothing runs after you quit, pause or leave the pool</source>
   <translation>你結束、暫停或離開節點池後，什麼都不會執行</translation>
  </message>
  <message>
   <source>nothing tells; counted as in use</source>
   <translation>無法得知，視為使用中</translation>
  </message>
  <message>
   <source>now</source>
   <translation>現在</translation>
  </message>
  <message>
   <source>now {time}</source>
   <translation>現在 {time}</translation>
  </message>
  <message>
   <source>now: {text}</source>
   <translation>現在：{text}</translation>
  </message>
  <message>
   <source>of this day</source>
   <translation>只看這一天</translation>
  </message>
  <message>
   <source>of {n} GPU</source>
   <translation>／{n} 個 GPU</translation>
  </message>
  <message>
   <source>of {n} cores</source>
   <translation>／{n} 核心</translation>
  </message>
  <message>
   <source>of {size}</source>
   <translation>／{size}</translation>
  </message>
  <message>
   <source>off</source>
   <translation>關</translation>
  </message>
  <message>
   <source>off unless you want it; needs no administrator</source>
   <translation>預設關閉，不需要系統管理權限</translation>
  </message>
  <message>
   <source>offline</source>
   <translation>離線</translation>
  </message>
  <message>
   <source>offline {since} to {until}, nothing lost</source>
   <translation>{since} 到 {until} 離線，沒有任何損失</translation>
  </message>
  <message>
   <source>offline {time}</source>
   <translation>離線 {time}</translation>
  </message>
  <message>
   <source>on</source>
   <translation>開</translation>
  </message>
  <message>
   <source>on battery</source>
   <translation>使用電池</translation>
  </message>
  <message>
   <source>on disk; a restart loses nothing</source>
   <translation>已寫入磁碟，重新開機也不會遺失</translation>
  </message>
  <message>
   <source>on in the firmware</source>
   <translation>韌體已啟用</translation>
  </message>
  <message>
   <source>on mains</source>
   <translation>已接電源</translation>
  </message>
  <message>
   <source>on the GPU: stops at its checkpoint</source>
   <translation>用 GPU 的：停止並保留檢查點</translation>
  </message>
  <message>
   <source>on, not paused</source>
   <translation>開，未暫停</translation>
  </message>
  <message>
   <source>one after another; each needs the one before</source>
   <translation>一項一項確認，前一項通過才檢查下一項</translation>
  </message>
  <message>
   <source>only those of the {listed_owners} and with the {listed_images} on your lists</source>
   <translation>只接名單上 {listed_owners}、且使用名單上 {listed_images}的任務</translation>
  </message>
  <message>
   <source>only those of the {listed_owners} on your list</source>
   <translation>只接名單上 {listed_owners}的任務</translation>
  </message>
  <message>
   <source>only with the {listed_images} on your list</source>
   <translation>只接使用名單上 {listed_images}的任務</translation>
  </message>
  <message>
   <source>only {n} images…</source>
   <translation>只限 {n} 個映像檔…</translation>
  </message>
  <message>
   <source>only {n} owners…</source>
   <translation>只限 {n} 位提交者…</translation>
  </message>
  <message>
   <source>passed</source>
   <translation>通過</translation>
  </message>
  <message>
   <source>paused by you</source>
   <translation>你已暫停</translation>
  </message>
  <message>
   <source>paused until {time}</source>
   <translation>暫停到 {time}</translation>
  </message>
  <message>
   <source>pending</source>
   <translation>待入帳</translation>
  </message>
  <message>
   <source>pending, {rate} CPT/min</source>
   <translation>待入帳，每分鐘 {rate} CPT</translation>
  </message>
  <message>
   <source>posted</source>
   <translation>已入帳</translation>
  </message>
  <message>
   <source>posted only</source>
   <translation>只計已入帳</translation>
  </message>
  <message>
   <source>posted when sent and checked</source>
   <translation>送出並核對後入帳</translation>
  </message>
  <message>
   <source>posted when the task ends</source>
   <translation>任務結束時入帳</translation>
  </message>
  <message>
   <source>reach a network:</source>
   <translation>連上網路：</translation>
  </message>
  <message>
   <source>read your files:</source>
   <translation>讀取你的檔案：</translation>
  </message>
  <message>
   <source>rest</source>
   <translation>休息</translation>
  </message>
  <message>
   <source>resting by schedule</source>
   <translation>排定休息</translation>
  </message>
  <message>
   <source>rules kept it from running</source>
   <translation>規則不允許執行</translation>
  </message>
  <message>
   <source>running</source>
   <translation>執行中</translation>
  </message>
  <message>
   <source>running for {time}, no progress reported</source>
   <translation>已執行 {time}，沒有回報進度</translation>
  </message>
  <message>
   <source>see your screen, keys, camera or sound</source>
   <translation>看到螢幕、鍵盤輸入、攝影機或聲音</translation>
  </message>
  <message>
   <source>send back result files:</source>
   <translation>回傳結果檔案：</translation>
  </message>
  <message>
   <source>shown by the next check</source>
   <translation>由下一項檢查確認</translation>
  </message>
  <message>
   <source>since {time}</source>
   <translation>從 {time} 起</translation>
  </message>
  <message>
   <source>slow down</source>
   <translation>降速</translation>
  </message>
  <message>
   <source>solid: posted, hatched: pending</source>
   <translation>實心：已入帳，斜線：待入帳</translation>
  </message>
  <message>
   <source>started by you</source>
   <translation>由你開始</translation>
  </message>
  <message>
   <source>stay:</source>
   <translation>留下來：</translation>
  </message>
  <message>
   <source>stop at once</source>
   <translation>立即停止</translation>
  </message>
  <message>
   <source>subtask {n} of {count}, from {owner}</source>
   <translation>第 {n} 個子任務，共 {count} 個，提交者 {owner}</translation>
  </message>
  <message>
   <source>syncing</source>
   <translation>同步中</translation>
  </message>
  <message>
   <source>the driver is asked</source>
   <translation>向驅動程式查詢</translation>
  </message>
  <message>
   <source>the operator decides; ask if you want to know</source>
   <translation>由管理員決定，想知道可以詢問</translation>
  </message>
  <message>
   <source>the other {n} pass</source>
   <translation>其餘 {n} 條都通過</translation>
  </message>
  <message>
   <source>the pool</source>
   <translation>節點池</translation>
  </message>
  <message>
   <source>the pool does not say</source>
   <translation>節點池沒有提供</translation>
  </message>
  <message>
   <source>the worker did not run</source>
   <translation>工作節點沒有啟動</translation>
  </message>
  <message>
   <source>there was input lately</source>
   <translation>剛才有輸入</translation>
  </message>
  <message>
   <source>this computer</source>
   <translation>這台電腦</translation>
  </message>
  <message>
   <source>this pool</source>
   <translation>這個節點池</translation>
  </message>
  <message>
   <source>through the pool, after this program has checked their size</source>
   <translation>經由節點池，這個程式會先檢查大小</translation>
  </message>
  <message>
   <source>to the cores on the left</source>
   <translation>降到左邊的核心數</translation>
  </message>
  <message>
   <source>today</source>
   <translation>今天</translation>
  </message>
  <message>
   <source>turned away: nothing listens there</source>
   <translation>遭到拒絕：那裡沒有程式在等候</translation>
  </message>
  <message>
   <source>until {time}</source>
   <translation>到 {time}</translation>
  </message>
  <message>
   <source>up to the limits that you set next, and only when your rules say so</source>
   <translation>不超過你接下來設定的上限，而且只在你的規則允許時</translation>
  </message>
  <message>
   <source>up to your disk budget, removed when a task ends</source>
   <translation>不超過你的磁碟用量上限，任務結束就移除</translation>
  </message>
  <message>
   <source>upright marks: running work ends {time}</source>
   <translation>直線：離線工作期限 {time}</translation>
  </message>
  <message>
   <source>use CPU, memory and GPU:</source>
   <translation>使用 CPU、記憶體和 GPU：</translation>
  </message>
  <message>
   <source>use disk inside their own container:</source>
   <translation>使用自己容器裡的磁碟：</translation>
  </message>
  <message>
   <source>used for this computer</source>
   <translation>已用於這台電腦</translation>
  </message>
  <message>
   <source>used; an operator approves this computer, then it goes on by itself</source>
   <translation>已使用；管理員核准這台電腦後會自動繼續</translation>
  </message>
  <message>
   <source>version {n}</source>
   <translation>第 {n} 版</translation>
  </message>
  <message>
   <source>waits its turn</source>
   <translation>等前一項</translation>
  </message>
  <message>
   <source>what its metering earned</source>
   <translation>依計量計酬</translation>
  </message>
  <message>
   <source>when away</source>
   <translation>離開時才接</translation>
  </message>
  <message>
   <source>without secrets</source>
   <translation>不含機密值</translation>
  </message>
  <message>
   <source>works</source>
   <translation>可用</translation>
  </message>
  <message>
   <source>yes, now.</source>
   <translation>會，現在就會。</translation>
  </message>
  <message>
   <source>yesterday to this hour {amount}</source>
   <translation>昨天到這個時間 {amount}</translation>
  </message>
  <message>
   <source>you returned, paid to its checkpoint</source>
   <translation>你回來了，計酬到檢查點</translation>
  </message>
  <message>
   <source>you used the computer</source>
   <translation>你在使用電腦</translation>
  </message>
  <message>
   <source>your first earning, posted</source>
   <translation>你的第一筆收益，已入帳</translation>
  </message>
  <message>
   <source>{amount} CPT</source>
   <translation>{amount} CPT</translation>
  </message>
  <message>
   <source>{amount} CPT pending</source>
   <translation>待入帳 {amount} CPT</translation>
  </message>
  <message>
   <source>{amount} CPT posted</source>
   <translation>已入帳 {amount} CPT</translation>
  </message>
  <message>
   <source>{amount} CPT/min</source>
   <translation>每分鐘 {amount} CPT</translation>
  </message>
  <message>
   <source>{amount} pending</source>
   <translation>待入帳 {amount}</translation>
  </message>
  <message>
   <source>{days} {start}:00–{end}:00</source>
   <translation>{days} {start}:00–{end}:00</translation>
  </message>
  <message>
   <source>{day} {hour}:00: {kind}</source>
   <translation>{day} {hour}:00：{kind}</translation>
  </message>
  <message>
   <source>{degrees} °C</source>
   <translation>{degrees}°C</translation>
  </message>
  <message>
   <source>{fix}</source>
   <translation>{fix}</translation>
  </message>
  <message>
   <source>{fix} Earnings and rules still work, and the engine is looked for by itself.</source>
   <translation>{fix}收益和使用規則仍可使用，系統會自動重新檢查。</translation>
  </message>
  <message>
   <source>{idle}</source>
   <translation>{idle}</translation>
  </message>
  <message>
   <source>{name} runs</source>
   <translation>{name} 執行中</translation>
  </message>
  <message>
   <source>{n} % of them</source>
   <translation>其中 {n} %</translation>
  </message>
  <message>
   <source>{n} GB</source>
   <translation>{n} GB</translation>
  </message>
  <message>
   <source>{n} GPU</source>
   <translation>{n} 個 GPU</translation>
  </message>
  <message>
   <source>{n} changed</source>
   <translation>已改 {n} 項</translation>
  </message>
  <message>
   <source>{n} cores</source>
   <translation>{n} 核心</translation>
  </message>
  <message>
   <source>{n} days paused by you</source>
   <translation>其中 {n} 天你已暫停</translation>
  </message>
  <message>
   <source>{n} images</source>
   <translation>{n} 個映像檔</translation>
  </message>
  <message>
   <source>{n} of {count}</source>
   <translation>第 {n} 個，共 {count} 個</translation>
  </message>
  <message>
   <source>{n} of {count} passed</source>
   <translation>{count} 項中 {n} 項通過</translation>
  </message>
  <message>
   <source>{n} of {total} lines</source>
   <translation>{n} 行，共 {total} 行</translation>
  </message>
  <message>
   <source>{n} of {total}, {where}</source>
   <translation>{n} 筆，共 {total} 筆，{where}</translation>
  </message>
  <message>
   <source>{n} owners</source>
   <translation>{n} 位提交者</translation>
  </message>
  <message>
   <source>{n} owners…</source>
   <translation>{n} 位…</translation>
  </message>
  <message>
   <source>{n} programs…</source>
   <translation>{n} 個…</translation>
  </message>
  <message>
   <source>{n} receipts</source>
   <translation>{n} 張收據</translation>
  </message>
  <message>
   <source>{n} tasks</source>
   <translation>{n} 個任務</translation>
  </message>
  <message>
   <source>{n} tasks frozen, hold {size}</source>
   <translation>{n} 個任務已凍結，占用 {size}</translation>
  </message>
  <message>
   <source>{n} tasks that run now are not on them: they finish, and no more like them is taken.</source>
   <translation>目前執行中有 {n} 個任務不在名單上：會做完，之後不再接這類任務。</translation>
  </message>
  <message>
   <source>{n} things need you. What is not proven is never offered to the pool.</source>
   <translation>還差 {n} 項修正。沒有證明能用的，不會告訴節點池它能用。</translation>
  </message>
  <message>
   <source>{n} tries failed</source>
   <translation>{n} 次重試失敗</translation>
  </message>
  <message>
   <source>{percent} % done</source>
   <translation>已完成 {percent} %</translation>
  </message>
  <message>
   <source>{percent}, paid by the submitter</source>
   <translation>{percent}，由提交者支付</translation>
  </message>
  <message>
   <source>{preset}, changed</source>
   <translation>{preset}（已修改）</translation>
  </message>
  <message>
   <source>{state}, {time}, ran {ran}</source>
   <translation>{state}，{time}，執行 {ran}</translation>
  </message>
  <message>
   <source>{tasks} frozen; the memory stays in use until you free it.</source>
   <translation>{tasks}已凍結，釋出之前仍占用記憶體。</translation>
  </message>
  <message>
   <source>{tasks} still at work.</source>
   <translation>還有 {tasks}在執行。</translation>
  </message>
  <message>
   <source>{tasks}, because these are full hours of your schedule.</source>
   <translation>{tasks}，因為時段表這時全力執行。</translation>
  </message>
  <message>
   <source>{tasks}, because you have been away since {since}.</source>
   <translation>{tasks}，因為你從 {since} 起離開。</translation>
  </message>
  <message>
   <source>{tasks}, because you started it now.</source>
   <translation>{tasks}，因為你按了立即開始。</translation>
  </message>
  <message>
   <source>{tasks}, within what your rules allow while you use the computer.</source>
   <translation>{tasks}，在你使用電腦時規則允許的範圍內。</translation>
  </message>
  <message>
   <source>{tasks}. No rules are set on this computer, so it lends always.</source>
   <translation>{tasks}。這台電腦沒有設定規則，所以隨時出借。</translation>
  </message>
  <message>
   <source>{task} / {n} explained</source>
   <translation>{task} / {n} 怎麼算</translation>
  </message>
  <message>
   <source>{text} (click to copy)</source>
   <translation>{text}（按一下即可複製）</translation>
  </message>
  <message>
   <source>{time} × {percent} × {rate}</source>
   <translation>{time} × {percent} × {rate}</translation>
  </message>
  <message>
   <source>{time} × {times}</source>
   <translation>{time} × {times}</translation>
  </message>
  <message>
   <source>{time}, attempt {n}</source>
   <translation>{time}，第 {n} 次嘗試</translation>
  </message>
  <message>
   <source>{time}, from {owner}, rule version {version}</source>
   <translation>{time}，提交者 {owner}，計價規則版本 {version}</translation>
  </message>
  <message>
   <source>{value} (last time)</source>
   <translation>{value}（上次）</translation>
  </message>
  <message>
   <source>{words}</source>
   <translation>{words}</translation>
  </message>
  <message>
   <source>{words} cannot be right</source>
   <translation>{words} 不可能正確</translation>
  </message>
  <message>
   <source>{words} is closed to this user</source>
   <translation>這位使用者不能使用 {words}</translation>
  </message>
  <message>
   <source>{words} may be read and written</source>
   <translation>{words} 可以讀寫</translation>
  </message>
  <message>
   <source>{words}: too little</source>
   <translation>{words}：太少</translation>
  </message>
  <message>
   <source>{words}; a running container has to show it</source>
   <translation>{words}；要等容器跑得起來才能確認</translation>
  </message>
  <message>
   <source>“{name}” is not the name of an image.</source>
   <translation>「{name}」不是映像檔的名稱。</translation>
  </message>
 </context>
</TS>
