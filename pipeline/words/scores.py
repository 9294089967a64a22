"""Words of score sheets and result tables."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "scores_title": ("评分单", "Score sheet"),
    "scores_table_title": ("成绩表", "Result table"),
    "scores_practice_title": ("练习场评分单", "Practice score sheet"),
    "scores_teams": ("团体成绩", "Team results"),
    "scores_persons": ("个人成绩", "Individual results"),
    "scores_team": ("参赛队", "Team"),
    "scores_person": ("选手", "Entrant"),
    "scores_organisation": ("单位", "Organisation"),
    "scores_members": ("队员", "Members"),
    "scores_contest": ("竞赛", "Contest"),
    "scores_organiser": ("主办单位", "Organiser"),
    "scores_points": ("得分", "Points"),
    "scores_of": ("满分 {most}", "of {most}"),
    "scores_place": ("名次", "Place"),
    "scores_place_told": ("第 {place} 名", "Place {place}"),
    "scores_place_shared": ("并列第 {place} 名", "Shared place {place}"),
    "scores_place_none": ("未参加排名", "Not ranked"),
    "scores_sure": ("名次把握 {percent}", "This place is {percent} sure"),
    "scores_sure_range": ("九成可能在第 {low} 至第 {high} 名之间", "Nine in ten: between places {low} and {high}"),
    "scores_sure_note": (
        (
            "名次把握：按目标自身的测量误差随机移动目标 {resamples} 次，每次全部重新评分，名次不变的比例；"
            "括号内为九成情况下的名次范围。有测量误差的目标 {moved} 个，其余 {held} 个视为不动。"
            "它只反映测量误差，不改变名次。"
        ),
        (
            "How sure a place is: the targets are moved at random within their own survey errors {resamples} "
            "times and everything is scored again; the share in which the place stays, and the places that "
            "hold nine in ten. {moved} targets have a survey error, the other {held} stay. It tells of "
            "survey errors only and changes no place."
        ),
    ),
    "scores_none": ("无", "none"),
    # parts of a leg
    "scores_legs": ("各赛项得分", "Points by leg"),
    "scores_leg": ("赛项", "Leg"),
    "scores_kind": ("类型", "Kind"),
    "scores_kind_drone": ("无人机巡查", "Drone survey"),
    "scores_kind_marks": ("登记成绩", "Marks entered"),
    "scores_kind_panel": ("评委打分", "Panel"),
    "scores_weight": ("权重", "Weight"),
    "scores_share": ("计入总分", "Share of the total"),
    "scores_total": ("总分", "Total"),
    "scores_field": ("场地", "Field"),
    "scores_map": ("目标与点位图", "Map of targets and hits"),
    "scores_map_told": (
        "北在上；方格边长 {grid}。数字为目标序号，× 号为多报，○ 为不计。虚线圈为目标的判定门限。",
        (
            "North is up; grid squares of {grid}. Numbers are targets, × extra hits, ○ hits that do not "
            "count. Dashed circles are the targets' gates."
        ),
    ),
    "scores_map_beyond": (
        "有 {n} 个点位在图外，画在边框上其所在方向。",
        "{n} hits lie beyond the map and stand at its border, in their direction.",
    ),
    "scores_map_unlabelled": (
        "有 {n} 个点位因位置拥挤未标编号，见下表方格号。",
        "{n} hits are not labelled for want of room; the table gives their grid squares.",
    ),
    "scores_key_found": ("已找到的目标", "Target found"),
    "scores_key_missed": ("漏检的目标", "Target missed"),
    "scores_key_taken": ("有效点位", "Hit that counts"),
    "scores_key_extra": ("多报", "Extra hit"),
    "scores_key_ignored": ("不计", "Ignored hit"),
    "scores_key_gate": ("判定门限", "Gate"),
    "scores_key_area": ("免计区域", "Ignored area"),
    "scores_targets": ("逐个目标", "Target by target"),
    "scores_number": ("序号", "No."),
    "scores_target": ("目标", "Target"),
    "scores_class": ("类别", "Class"),
    "scores_hit": ("点位", "Hit"),
    "scores_distance": ("距离 (m)", "Distance (m)"),
    "scores_find": ("发现", "Find"),
    "scores_location": ("定位", "Location"),
    "scores_class_points": ("类别分", "Class"),
    "scores_evidence": ("证据", "Evidence"),
    "scores_calibration": ("半径", "Radius"),
    "scores_sum": ("合计", "Sum"),
    "scores_grid": ("方格", "Grid"),
    "scores_nearest": ("最近目标", "Nearest target"),
    "scores_why": ("理由", "Reason"),
    "scores_unit": (
        "表中各项以“1 个权重为 1 的目标”为 1；各项相加为该目标所得，最高等于其权重。",
        (
            "The parts are in units of one target of weight 1; they add up to what the target brings, at "
            "most its weight."
        ),
    ),
    "scores_badge_found": ("找到", "found"),
    "scores_badge_missed": ("漏检", "missed"),
    "scores_card_found": ("点位 {hit}，距离 {distance} m", "Hit {hit}, {distance} m away"),
    "scores_card_nowhere": ("点位 {hit}，无坐标", "Hit {hit}, without a position"),
    "scores_why_find": ("发现：{points}", "Find: {points}"),
    "scores_why_find_with": (
        "发现：{points}（含未考核项目并入的 {more}）",
        "Find: {points} (with {more} of parts that are not asked for)",
    ),
    "scores_why_calibration": (
        (
            "半径：{points} = {weight}{share} × (10 × {most} − {r} − 10 × max(0, {d} − {r})) ÷ (10 × "
            "{most})，所报 r90 {r} m、距离 {d} m（大于 {most} m 按 {most} m 计）"
        ),
        (
            "Radius: {points} = {weight}{share} × (10 × {most} − {r} − 10 × max(0, {d} − {r})) ÷ (10 × "
            "{most}); declared r90 {r} m, distance {d} m (beyond {most} m: {most} m)"
        ),
    ),
    "scores_why_calibration_none": ("半径：0，未报 90 % 误差半径", "Radius: 0; no 90 % radius was declared"),
    "scores_why_near": (
        "定位：{points}，距离 {d} m 不超过 {full} m，得满分",
        "Location: {points}; {d} m is within {full} m, full points",
    ),
    "scores_why_linear": (
        (
            "定位：{points} = {weight}{share} × ({radius} − {d}) ÷ ({radius} − {full})，即 {full} m "
            "内满分、到 {radius} m 线性减为 0"
        ),
        (
            "Location: {points} = {weight}{share} × ({radius} − {d}) ÷ ({radius} − {full}): full to {full} "
            "m, then linear to 0 at {radius} m"
        ),
    ),
    "scores_why_class_same": ("类别：{points}，“{label}”完全一致", 'Class: {points}; "{label}" is the same'),
    "scores_why_class_two": (
        "类别：{points}，前 {levels} 级一致（目标“{label}”，所报“{said}”）",
        'Class: {points}; the first {levels} levels agree (target "{label}", hit "{said}")',
    ),
    "scores_why_class_one": (
        "类别：{points}，仅第一级一致（目标“{label}”，所报“{said}”）",
        'Class: {points}; only the first level agrees (target "{label}", hit "{said}")',
    ),
    "scores_why_class_none": (
        "类别：0，不一致（目标“{label}”，所报“{said}”）",
        'Class: 0; it differs (target "{label}", hit "{said}")',
    ),
    "scores_why_evidence": (
        "证据：{points}，原片、截图、清晰度和拍摄时间均符合要求",
        "Evidence: {points}; original, crop, sharpness and time all hold",
    ),
    "scores_why_evidence_missing": (
        "证据：未列出本队本次飞行的原始照片，本目标各项均为 0",
        "Evidence: no original of the team's own flight is named, so all its parts are 0",
    ),
    "scores_why_evidence_failed": ("证据：0，{failed}", "Evidence: 0; {failed}"),
    "scores_why_overruled_yes": (
        "证据：{points}，经两名裁判签字认定有效",
        "Evidence: {points}; accepted by two judges' signatures",
    ),
    "scores_why_overruled_no": (
        "证据：{points}，经两名裁判签字认定无效",
        "Evidence: {points}; rejected by two judges' signatures",
    ),
    "scores_failed_crop": ("污染源像点不在截图内", "the source's pixel is not inside the crop"),
    "scores_failed_sharp": ("清晰度低于要求", "the crop is not sharp enough"),
    "scores_failed_time": ("拍摄时间不在飞行时段内", "the capture time is outside the flight"),
    # the method of the SUAS server
    "scores_suas_find": ("标志（可用、自主）：{points}", "Flags (actionable, autonomous): {points}"),
    "scores_suas_location": (
        "定位：{points} = 0.4 × (150 − {feet}) ÷ 150，距离以英尺计，150 英尺外为 0",
        "Geolocation: {points} = 0.4 × (150 − {feet}) ÷ 150, in feet, 0 beyond 150",
    ),
    "scores_suas_class": (
        "特征：{points} = 0.4 × 五项特征中一致的比例",
        "Characteristics: {points} = 0.4 × the share of the five that agree",
    ),
    "scores_suas_missed": ("没有得分大于 0 的点位与之配对", "No hit is worth more than 0 with it"),
    "scores_suas_extra": ("未与任何目标配对", "Paired with no target"),
    # why not
    "scores_not_nobody": ("周围 {look} m 内没有点位", "No hit within {look} m"),
    "scores_not_far": (
        "最近的点位 {hit} 距离 {d} m，不小于 {radius} m",
        "The nearest hit {hit} is {d} m away, not less than {radius} m",
    ),
    "scores_not_half": (
        "最近的点位 {hit} 距离 {d} m，门限为 {gate} m（与相邻目标距离的一半，舍到毫米），须小于门限",
        (
            "The nearest hit {hit} is {d} m away; the gate is {gate} m (half the way to the next target, cut "
            "to the mm), and a hit must be nearer"
        ),
    ),
    "scores_not_shut": (
        "与另一目标位置重合，门限为 0，任何点位都不能取得",
        "It stands on another target: its gate is 0 and no hit can take it",
    ),
    "scores_not_window": (
        "最近的点位 {hit} 距离 {d} m，但拍摄时间不在目标可见时段内",
        "The nearest hit {hit} is {d} m away, but was not taken while the target was visible",
    ),
    "scores_not_class": (
        "最近的点位 {hit} 距离 {d} m，但类别第一级不同（规则要求一致）",
        "The nearest hit {hit} is {d} m away, but its first class level differs, which the rules ask for",
    ),
    "scores_not_used": (
        "最近的点位 {hit} 距离 {d} m，已用于目标 {other}（一个点位只取一个目标）",
        "The nearest hit {hit} is {d} m away and took target {other}; one hit takes one target",
    ),
    "scores_extra_nobody": ("周围 {look} m 内没有目标", "No target within {look} m"),
    "scores_extra_far": ("距离 {d} m，不小于 {radius} m", "{d} m away, not less than {radius} m"),
    "scores_extra_half": (
        "距离 {d} m，不小于该目标门限 {gate} m（与相邻目标距离的一半）",
        "{d} m away, not less than the target's gate of {gate} m (half the way to the next target)",
    ),
    "scores_extra_shut": ("该目标与另一目标重合，门限为 0", "That target stands on another: its gate is 0"),
    "scores_extra_window": (
        "距离 {d} m，拍摄时间不在目标可见时段内",
        "{d} m away, but not taken while the target was visible",
    ),
    "scores_extra_class": (
        "距离 {d} m，类别第一级不同（规则要求一致）",
        "{d} m away, but the first class level differs, which the rules ask for",
    ),
    "scores_extra_used": (
        "距离 {d} m；该目标已由 {other} 取得（距离 {other_d} m，得 {other_points}）",
        "{d} m away; {other} took that target ({other_d} m, worth {other_points})",
    ),
    "scores_extra_nowhere": ("没有坐标", "It has no position"),
    "scores_extras": ("多报的点位", "Extra hits"),
    "scores_extras_told": (
        "每个多报扣 {share} 个平均权重；先配对，后扣分。",
        "Each costs {share} of the mean weight; matching comes first.",
    ),
    "scores_ignored": ("不计的点位", "Hits that do not count"),
    "scores_ignored_told": (
        "未取得目标且位于免计区域内，或在已作废目标门限内的点位，不得分也不扣分。",
        "They took no target and lie in an ignored area, or stood at a voided target: no points, no cost.",
    ),
    "scores_ignored_suas": (
        "与已得分的目标重复且自主标志不同的提交，不扣分。",
        "Repeats of a scored object with the other autonomous flag: no cost.",
    ),
    "scores_ignored_voided": (
        "位于已作废目标的门限内，随该目标一并不计",
        "It stands in the gate of a voided target and goes with it",
    ),
    "scores_more": ("……另有 {n} 个，见 RESULT.json", "… and {n} more, in RESULT.json"),
    # arithmetic
    "scores_arithmetic": ("分数怎样算出", "How the points come about"),
    "scores_step_weights": ("目标 {n} 个，权重合计 W", "{n} targets; sum of their weights W"),
    "scores_step_sum": (
        "取得 {n} 个目标，所得合计 S（上表“合计”列相加）",
        "{n} targets taken; sum S of what they bring (the table's last column)",
    ),
    "scores_step_extras": (
        "多报 {n} 个：{n} × {share} × 平均权重 {weights} ÷ {targets} = X",
        "{n} extra hits: {n} × {share} × mean weight {weights} ÷ {targets} = X",
    ),
    "scores_step_points": (
        "100 × max(0, S − X) ÷ W = 100 × max(0, {sum} − {cost}) ÷ {weights}",
        "100 × max(0, S − X) ÷ W = 100 × max(0, {sum} − {cost}) ÷ {weights}",
    ),
    "scores_step_time": (
        (
            "计时：上一步 × {rest} + {most} × ({longest} − {elapsed}) ÷ ({longest} − {par})，用时不超过 "
            "{par} 得满，到 {longest} 为 0"
        ),
        (
            "Time: the step above × {rest} + {most} × ({longest} − {elapsed}) ÷ ({longest} − {par}), full to "
            "{par}, 0 from {longest}"
        ),
    ),
    "scores_step_suas": (
        "S ÷ 目标数 − 0.05 × 多报 = {sum} ÷ {targets} − 0.05 × {extras}",
        "S ÷ targets − 0.05 × extras = {sum} ÷ {targets} − 0.05 × {extras}",
    ),
    "scores_step_manual": ("裁判事件：{title}", "Judges' event: {title}"),
    "scores_step_before": (
        "裁判事件前的赛项得分（向下取整到百万分之一）",
        "Points of the leg before judges' events (floored to a millionth)",
    ),
    "scores_step_leg": ("本赛项得分（不低于 0，不高于 100）", "Points of the leg (not below 0, not above 100)"),
    "scores_step_total": (
        "总分 = Σ（赛项得分 × 权重）÷ Σ 权重 = ({sum}) ÷ {weights}",
        "Total = Σ (points × weight) ÷ Σ weights = ({sum}) ÷ {weights}",
    ),
    "scores_rounding": (
        "计算保留到百万分之一分：每个赛项向下取整一次，总分再取整一次；表中按四舍五入显示。",
        "Points are kept to a millionth, floored once a leg and once for the total; tables show them rounded half up.",
    ),
    "scores_unscored": (
        "没有有效提交，本赛项得 0 分。",
        "There is no submission that counts; the leg brings 0 points.",
    ),
    "scores_without_targets": ("本场地没有目标，不产生分数。", "This field has no targets: there is no score."),
    # statistics
    "scores_statistics": ("统计（不计分）", "Statistics (no part of the points)"),
    "scores_targets_found": ("找到目标", "Targets found"),
    "scores_found_of": ("{found} / {all}", "{found} of {all}"),
    "scores_precision": ("精确率", "Precision"),
    "scores_recall": ("召回率", "Recall"),
    "scores_f1": ("F1", "F1"),
    "scores_ce50": ("圆误差 CE50", "CE50"),
    "scores_ce90": ("圆误差 CE90", "CE90"),
    "scores_ce90_told": ("{value} m（90 % 区间 {low} 至 {high} m）", "{value} m (90 % interval {low} to {high} m)"),
    "scores_unreliable": ("不足 {n} 对，不可靠", "fewer than {n} pairs: unreliable"),
    "scores_bias": ("系统偏差", "Bias"),
    "scores_bias_told": ("东 {east} m，北 {north} m；{test}", "{east} m east, {north} m north; {test}"),
    "scores_bias_yes": (
        "显著（T² 检验 5 %），宜检查坐标基准与安装角",
        "significant (T² test, 5 %): look at datum and boresight",
    ),
    "scores_bias_no": ("不显著（T² 检验 5 %）", "not significant (T² test, 5 %)"),
    "scores_bias_untested": ("少于 3 对，不作检验", "fewer than 3 pairs: not tested"),
    "scores_r90_held": ("所报 90 % 半径含住目标", "Declared 90 % radius holds the target"),
    "scores_gospa": ("GOSPA (p = 2)", "GOSPA (p = 2)"),
    # manual events, clocks, submissions
    "scores_events": ("裁判事件", "Judges' events"),
    "scores_event": ("事件", "Event"),
    "scores_signed": ("签字", "Signed"),
    "scores_time": ("时间", "Time"),
    "scores_submission": ("计分的提交", "Submission that counts"),
    "scores_submission_told": ("第 {number} 次，{hits} 个点位", "No. {number}, {hits} hits"),
    "scores_late": ("迟交（超出时限）", "late (beyond the limit)"),
    "scores_sha256": ("文件 SHA-256", "SHA-256 of the file"),
    "scores_clock_flight": ("飞行用时", "Flight clock"),
    "scores_clock_analysis": ("研判用时", "Analysis clock"),
    "scores_elapsed": ("计时用时", "Time that counts"),
    "scores_panel": ("评委打分", "Panel"),
    "scores_judge": ("评委", "Judge"),
    "scores_item": ("项目", "Item"),
    "scores_dropped": ("去掉", "dropped"),
    "scores_outlier": ("偏离较大", "outlier"),
    # where it all comes from
    "scores_origin": ("依据", "What this rests on"),
    "scores_rules": ("评分规则", "Rules"),
    "scores_rules_digest": ("规则摘要 SHA-256", "Digest of the rules"),
    "scores_targets_digest": ("目标摘要 SHA-256", "Digest of the targets"),
    "scores_hits_digest": ("点位清单摘要 SHA-256", "Digest of the hit list"),
    "scores_set": ("成绩版本", "Result set"),
    "scores_set_told": ("第 {number} 版", "No. {number}"),
    "scores_state_proposed": ("待两人签字采用", "proposed, not applied"),
    "scores_state_applied": ("已采用", "applied"),
    "scores_state_cancelled": ("已撤销", "cancelled"),
    "scores_rejudged": ("重评", "Rejudged"),
    "scores_rejudged_told": ("第 {number} 版：{why}", "Set {number}: {why}"),
    "scores_ledger": ("账本链头", "Ledger head"),
    "scores_ledger_told": ("第 {seq} 号事件，{time}", "event {seq}, {time}"),
    "scores_software": ("软件", "Software"),
    "scores_warnings": ("注意", "Notes"),
    "scores_practice_told": (
        "练习用公开目标，分数仅供参考，不进入任何成绩。",
        "Practice with public targets: these points enter no result.",
    ),
    "scores_id": ("编号", "Id"),
    "scores_interval": ("测量误差影响", "Survey errors"),
    "scores_interval_told": (
        "目标测量误差使得分在 {low} 至 {high} 之间（九成）",
        "between {low} and {high} points, nine in ten",
    ),
    "scores_clock_of": ("{ran}（限时 {limit}）", "{ran} (limit {limit})"),
    "scores_clock_paused": ("暂停：{why}", "paused: {why}"),
    "scores_step_panel": ("100 × ({sum}) ÷ ({n} × {most})", "100 × ({sum}) ÷ ({n} × {most})"),
    "scores_step_mean": ("队员平均：({sum}) ÷ {n}", "Mean of the members: ({sum}) ÷ {n}"),
    "scores_step_best": ("取队员最高：max({sum})", "The best member: max({sum})"),
    "scores_overruled": ("点位 {hit} 的证据", "Evidence of hit {hit}"),
    "scores_overruled_yes": ("认定有效", "accepted"),
    "scores_overruled_no": ("认定无效", "rejected"),
    "scores_ledger_event": ("账本事件", "Event"),
    "scores_see_team": (
        "与“{team}”队共用本赛项得分，理由见该队评分单。",
        "The points of team {team}; their reasons stand on its sheet.",
    ),
    "scores_voided_told": ("作废目标：{leg}，场地 {field}，{target}", "Voided target: {leg}, field {field}, {target}"),
    "scores_rules_told": ("更换评分规则：{leg}", "Other rules: {leg}"),
    "scores_certainty": ("名次把握", "How sure"),
    "scores_certainty_told": ("{percent}（{low}–{high} 名）", "{percent} ({low}–{high})"),
    "scores_shared": ("并列", "Shared"),
    "scores_place_low": ("名次下限", "Place from"),
    "scores_place_high": ("名次上限", "Place to"),
    "scores_badge_nothing": ("找到但不得分", "found, no points"),
    "scores_suas_repeat": (
        "与已得分的提交重复，自主标志不同",
        "It repeats one that scored, with the other autonomous flag",
    ),
    "scores_ignored_area": ("位于免计区域内", "It lies in an ignored area"),
    "scores_remark": ("备注", "Remark"),
    "scores_appeals": ("申诉", "Appeals"),
    "scores_appeal": ("内容", "Appeal"),
    "scores_appeal_by": ("提出人", "By"),
    "scores_appeal_decision": ("决定", "Decision"),
    "scores_appeal_open": ("待决定", "open"),
    "scores_appeal_upheld": ("成立", "upheld"),
    "scores_appeal_rejected": ("驳回", "rejected"),
    "scores_chief": ("裁判长（签字）", "Chief judge (signed)"),
    "scores_supervisor": ("监督员（签字）", "Supervisor (signed)"),
    "scores_dated": ("日期", "Date"),
    "scores_most_sure": ("99% 以上", "over 99%"),
    "scores_least_sure": ("不足 1%", "under 1%"),
    "scores_step_plain": ("本赛项得分（向下取整到百万分之一）", "Points of the leg (floored to a millionth)"),
    "scores_before": ("上一版成绩", "Before"),
    "scores_before_told": ("第 {set} 版：{total} 分，{place}", "Set {set}: {total} points, {place}"),
    "scores_map_undrawn": ("点位过多，另有 {n} 个未画出。", "There are too many hits: {n} more are not drawn."),
}

# What stands between words or behind them, blanks included.
JOINTS: dict[str, tuple[str, str]] = {
    "and": ("；", "; "),
    "comma": ("，", ", "),
    "state": ("（{state}）", " ({state})"),
    "shared": ("（并列）", " ="),
}
