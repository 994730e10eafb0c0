// SPDX-License-Identifier: Apache-2.0
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "bindings.h"
#include "numpy_array.h"
#include "sound_events/event_detector.h"
#include "sound_events/level_stream.h"
#include "sound_events/pattern_stream.h"
#include "sound_events/presets.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace device_core {
namespace {

using sound_events::Event;
using sound_events::EventDetector;
using sound_events::LevelStream;
using sound_events::NoiseFloor;
using sound_events::NoiseFloorSpec;
using sound_events::PatchLevel;
using sound_events::PatternStream;
using sound_events::PatternStrengths;
using sound_events::Q16;
using sound_events::Rule;
using sound_events::RuleSet;

template <typename T>
using Vector = nb::ndarray<const T, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Scores = nb::ndarray<const int8_t, nb::numpy, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using PatchValues = nb::ndarray<const int8_t, nb::numpy,
                                nb::shape<-1, log_mel::kYamnetSpec.patch_frames, log_mel::kYamnetSpec.mel_bands>,
                                nb::c_contig, nb::device::cpu>;
using Strengths =
    nb::ndarray<const uint8_t, nb::numpy, nb::shape<-1, sound_events::kPatterns>, nb::c_contig, nb::device::cpu>;
using HeardStrengths = nb::ndarray<uint8_t, nb::numpy, nb::ndim<2>>;

template <typename T>
T Unwrap(std::expected<T, sound_events::Error> result) {
  if (!result) throw nb::value_error(result.error().Text().c_str());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

double FromCenti(base::CentiDecibels level) { return level / 100.0; }
base::CentiDecibels ToCenti(double level) { return static_cast<base::CentiDecibels>(std::lround(level * 100.0)); }
double FromQ16(Q16 value) { return static_cast<double>(value) / sound_events::kOne; }

NoiseFloor MakeFloor(int half_life_s, int warm_up_s, double assumed_floor_dbfs, double event_margin_db,
                     int learned_event_s, int longest_event_s) {
  return Unwrap(NoiseFloor::Create({.half_life_s = half_life_s,
                                    .warm_up_s = warm_up_s,
                                    .assumed_floor = ToCenti(assumed_floor_dbfs),
                                    .event_margin = ToCenti(event_margin_db),
                                    .learned_event_s = learned_event_s,
                                    .longest_event_s = longest_event_s}));
}

std::vector<std::tuple<int64_t, double, double>> FeedLevels(LevelStream& stream, const Vector<int16_t>& pcm) {
  std::vector<std::tuple<int64_t, double, double>> levels;
  stream.Feed({pcm.data(), pcm.size()}, [&](const PatchLevel& patch) {
    levels.emplace_back(patch.start_sample, FromCenti(patch.level), FromCenti(patch.floor));
  });
  return levels;
}

HeardStrengths TakePatches(PatternStream& stream, const PatchValues& patches, const Vector<int64_t>& starts) {
  if (starts.size() != patches.shape(0))
    throw nb::value_error("patches and start_samples must have one entry per patch");
  constexpr size_t kValues = log_mel::kYamnetSpec.patch_values();
  std::vector<uint8_t> strengths;
  for (size_t i = 0; i < starts.size(); ++i) {
    const PatternStrengths heard = stream.Take({patches.data() + i * kValues, kValues}, starts.data()[i]);
    strengths.insert(strengths.end(), heard.begin(), heard.end());
  }
  return ToNumpy<HeardStrengths>(std::move(strengths), {starts.size(), sound_events::kPatterns});
}

std::vector<Event> Copy(std::span<const Event> events) { return {events.begin(), events.end()}; }

std::vector<Event> Process(EventDetector& detector, const Scores& scores, const Vector<int64_t>& starts,
                           const Vector<double>& levels, const Vector<double>& floors,
                           const std::optional<Vector<int16_t>>& minutes, const std::optional<Strengths>& patterns) {
  const size_t count = scores.shape(0);
  const size_t classes = scores.shape(1);
  if (starts.size() != count || levels.size() != count || floors.size() != count ||
      (minutes && minutes->size() != count) || (patterns && patterns->shape(0) != count))
    throw nb::value_error("scores, start_samples, levels, floors, minutes and patterns must have one entry per patch");
  if (classes != detector.format().classes)
    throw nb::value_error(("a patch must have " + std::to_string(detector.format().classes) + " scores").c_str());
  std::vector<Event> events;
  for (size_t i = 0; i < count; ++i) {
    PatternStrengths heard{};
    if (patterns) std::copy_n(patterns->data() + i * heard.size(), heard.size(), heard.begin());
    const auto told = detector.Process({.scores = {scores.data() + i * classes, classes},
                                        .start_sample = starts.data()[i],
                                        .level = ToCenti(levels.data()[i]),
                                        .floor = ToCenti(floors.data()[i]),
                                        .patterns = heard,
                                        .minute_of_day = minutes ? minutes->data()[i] : -1});
    if (!told)
      throw nb::value_error(
          ("the patch at sample " + std::to_string(starts.data()[i]) + " starts before the next one could").c_str());
    events.insert(events.end(), told->begin(), told->end());
  }
  return events;
}

std::vector<std::tuple<int, double>> Tops(const Event& event) {
  std::vector<std::tuple<int, double>> top;
  for (const auto& entry : event.top) top.emplace_back(entry.index, FromQ16(entry.peak));
  return top;
}

std::vector<std::tuple<int, double>> Weighted(const std::vector<sound_events::WeightedClass>& classes) {
  std::vector<std::tuple<int, double>> list;
  for (const auto& entry : classes)
    list.emplace_back(entry.index, static_cast<double>(entry.weight) / sound_events::kUnitWeight);
  return list;
}

void BindLevels(nb::module_& module) {
  const NoiseFloorSpec spec;
  nb::class_<NoiseFloor>(
      module, "NoiseFloor",
      "Learns how loud a place is when nothing happens. Levels in dBFS (a full-scale square wave has 0).")
      .def(
          "__init__",
          [](NoiseFloor* self, int half_life_s, int warm_up_s, double assumed_floor_dbfs, double event_margin_db,
             int learned_event_s, int longest_event_s) {
            new (self) NoiseFloor(MakeFloor(half_life_s, warm_up_s, assumed_floor_dbfs, event_margin_db,
                                            learned_event_s, longest_event_s));
          },
          "half_life_s"_a = spec.half_life_s, "warm_up_s"_a = spec.warm_up_s,
          "assumed_floor_dbfs"_a = FromCenti(spec.assumed_floor), "event_margin_db"_a = FromCenti(spec.event_margin),
          "learned_event_s"_a = spec.learned_event_s, "longest_event_s"_a = spec.longest_event_s,
          "ValueError when a value is out of range.")
      .def(
          "observe", [](NoiseFloor& floor, double level) { floor.Observe(ToCenti(level)); }, "level"_a,
          "Take the level, in dBFS, of the next 120 ms.")
      .def_prop_ro(
          "level",
          [](const NoiseFloor& floor) {
            return floor.level() ? std::optional(FromCenti(*floor.level())) : std::nullopt;
          },
          "Level of the latest 120 ms in dBFS, None before the first; -200 for digital silence.")
      .def_prop_ro(
          "floor", [](const NoiseFloor& floor) { return FromCenti(floor.floor()); },
          "Median of the levels learned, in dBFS; the assumed floor while warming up.")
      .def_prop_ro(
          "p95", [](const NoiseFloor& floor) { return FromCenti(floor.p95()); },
          "95th percentile of the levels learned, in dBFS; the assumed floor while warming up.")
      .def_prop_ro("warmed_up", &NoiseFloor::warmed_up)
      .def_prop_ro("holding", &NoiseFloor::holding, "Whether the present level is taken for an event and not learned.")
      .def(
          "save",
          [](const NoiseFloor& floor) {
            const NoiseFloor::State state = floor.Save();
            return nb::bytes(state.data(), state.size());
          },
          "What was learned, as bytes to be kept over a restart.")
      .def(
          "restore",
          [](NoiseFloor& floor, const nb::bytes& state) {
            Unwrap(floor.Restore({static_cast<const uint8_t*>(state.data()), state.size()}));
          },
          "state"_a, "Go on from saved bytes; ValueError when they are damaged.");

  nb::class_<LevelStream>(module, "LevelStream",
                          "PCM in, one level per patch out, at the positions where PatchStream has its patches.")
      .def(nb::init<NoiseFloor>(), "floor"_a, "Goes on from a copy of this noise floor.")
      .def("feed", &FeedLevels, "pcm"_a.noconvert(),
           "Take int16 PCM [n]; return (start_sample, level, floor) for each patch it completes, in dBFS: the loudest "
           "120 ms of the patch, and the noise floor at its end.")
      .def("reset", &LevelStream::Reset, "next_sample"_a = 0,
           "Forget the samples held, as after a gap; next_sample is the position of the next sample fed.")
      .def_prop_ro(
          "floor", [](LevelStream& stream) -> NoiseFloor& { return stream.floor(); },
          nb::rv_policy::reference_internal);
}

void BindPatterns(nb::module_& module) {
  nb::class_<PatternStream>(module, "PatternStream",
                            "Looks for rhythms of tones in a PatchStream's patches: T3 and T4 (docs/rules.md).")
      .def(
          "__init__",
          [](PatternStream* self, float input_scale, const log_mel::LogMelSpec& front_end) {
            new (self) PatternStream(
                Unwrap(PatternStream::Create(sound_events::DecibelsPerStep(input_scale, front_end.spectrum))));
          },
          "input_scale"_a, "front_end"_a, "input_scale is that of the model's input; ValueError when it cannot be.")
      .def("take", &TakePatches, "patches"_a.noconvert(), "start_samples"_a.noconvert(),
           "Take the next patches, int8 [n, 96, 64], and their first samples, int64 [n]; return how surely T3 and T4 "
           "are "
           "heard at the end of each, uint8 [n, 2]: from 128 on rather than not.");
}

void BindRules(nb::module_& module) {
  nb::class_<Rule>(module, "Rule", "One rule of a RuleSet. Durations in samples at 16 kHz, thresholds 0 to 1.")
      .def_ro("name", &Rule::name)
      .def_ro("title", &Rule::title)
      .def_prop_ro(
          "classes", [](const Rule& rule) { return Weighted(rule.classes); }, "(index, weight) of each.")
      .def_prop_ro(
          "suppress", [](const Rule& rule) { return Weighted(rule.suppress); }, "(index, weight) of each.")
      .def_prop_ro("combine", [](const Rule& rule) { return sound_events::CombineName(rule.combine); })
      .def_prop_ro(
          "pattern",
          [](const Rule& rule) {
            return rule.pattern ? std::optional(std::string(sound_events::PatternName(*rule.pattern))) : std::nullopt;
          },
          "'t3', 't4' or None.")
      .def_prop_ro("on", [](const Rule& rule) { return FromQ16(rule.on); })
      .def_prop_ro("off", [](const Rule& rule) { return FromQ16(rule.off); })
      .def_prop_ro(
          "patches", [](const Rule& rule) { return std::tuple(rule.patches.need, rule.patches.of); },
          "(need, of): N of M patches.")
      .def_ro("min_duration", &Rule::min_duration)
      .def_ro("max_duration", &Rule::max_duration)
      .def_ro("hold", &Rule::hold)
      .def_ro("cool_off", &Rule::cool_off)
      .def_ro("priority", &Rule::priority)
      .def("__repr__", [](const Rule& rule) { return "<Rule " + rule.name + ">"; });

  nb::class_<RuleSet>(module, "RuleSet", "Rules that have passed every check (docs/rules.md).")
      .def(nb::init<>(), "No rules.")
      .def_static(
          "parse",
          [](std::string_view json, const std::vector<std::string>& class_names) {
            return Unwrap(RuleSet::Parse(json, class_names));
          },
          "json"_a, "class_names"_a,
          "Read a rule document: all of it, or ValueError with the path (a JSON pointer) and the reason.")
      .def_static(
          "parse_bytes",
          [](const nb::bytes& json, const std::vector<std::string>& class_names) {
            return Unwrap(RuleSet::Parse({static_cast<const char*>(json.data()), json.size()}, class_names));
          },
          "json"_a, "class_names"_a, "The same for bytes that may not even be UTF-8.")
      .def(
          "add", [](RuleSet& set, const RuleSet& other) { Unwrap(set.Add(other)); }, "other"_a,
          "Add another set's rules; ValueError for a name in both or more than 32 rules, and nothing has changed then.")
      .def_prop_ro("rules", &RuleSet::rules, nb::rv_policy::copy)
      .def_ro_static("max_rules", &RuleSet::kMaxRules)
      .def_ro_static("max_document_bytes", &RuleSet::kMaxDocumentBytes);

  module.def(
      "presets",
      [] {
        std::map<std::string, std::string> presets;
        for (const auto& preset : sound_events::Presets()) presets.emplace(preset.name, preset.json);
        return presets;
      },
      "The rule documents that ship with the device: name to JSON.");
  module.def("preset_document", &sound_events::PresetDocument, "All of them as the one document a new device runs.");
}

void BindDetector(nb::module_& module) {
  nb::class_<Event>(module, "Event", "What a rule found; start, updates and end share the sequence number.")
      .def_prop_ro(
          "kind", [](const Event& event) { return sound_events::EventKindName(event.kind); },
          "'start', 'update' or 'end'.")
      .def_prop_ro(
          "reason", [](const Event& event) { return sound_events::EndReasonName(event.reason); },
          "Why it ended: 'quiet', 'max_duration', 'gap', 'stream_end' or 'rules_changed'; 'none' before.")
      .def_prop_ro(
          "rule", [](const Event& event) { return event.rule_name(); }, "The rule's name.")
      .def_ro("priority", &Event::priority)
      .def_ro("sequence", &Event::sequence)
      .def_ro("start_sample", &Event::start_sample, "Of the first patch that counted.")
      .def_ro("end_sample", &Event::end_sample, "One behind the last patch that counted so far.")
      .def_ro("peak_sample", &Event::peak_sample, "Start of the patch with the highest score.")
      .def_prop_ro(
          "peak", [](const Event& event) { return FromQ16(event.peak); }, "Highest score, 0 to 1.")
      .def_prop_ro(
          "mean", [](const Event& event) { return FromQ16(event.mean); }, "Mean score, 0 to 1.")
      .def_ro("patches", &Event::patches)
      .def_prop_ro(
          "level", [](const Event& event) { return FromCenti(event.level); }, "Of the loudest patch, dBFS.")
      .def_prop_ro(
          "floor", [](const Event& event) { return FromCenti(event.floor); }, "At its beginning, dBFS.")
      .def_prop_ro("top", &Tops, "(class index, peak probability) of the strongest classes, strongest first.")
      .def("__repr__", [](const Event& event) {
        return "<Event " + std::to_string(event.sequence) + " " + std::string(event.rule_name()) + " " +
               std::string(sound_events::EventKindName(event.kind)) + ">";
      });

  nb::class_<EventDetector>(module, "EventDetector", "Patch scores in, events out: one state machine per rule.")
      .def(
          "__init__",
          [](EventDetector* self, const RuleSet& rules, float scale, int zero_point, size_t classes,
             uint32_t first_sequence) {
            new (self) EventDetector(Unwrap(EventDetector::Create(
                rules, {.scale = scale, .zero_point = zero_point, .classes = classes}, first_sequence)));
          },
          "rules"_a, "scale"_a, "zero_point"_a, "classes"_a = 521, "first_sequence"_a = 1,
          "scale and zero_point are those of the model's int8 output; ValueError when they cannot be.")
      .def("process", &Process, "scores"_a.noconvert(), "start_samples"_a.noconvert(), "levels"_a.noconvert(),
           "floors"_a.noconvert(), "minutes_of_day"_a.noconvert() = nb::none(), "patterns"_a.noconvert() = nb::none(),
           "Take the next patches: scores int8 [n, classes], start_samples int64 [n], levels and floors float64 [n] in "
           "dBFS, minutes_of_day int16 [n] (local time, -1 for unknown), patterns uint8 [n, 2] of a PatternStream. "
           "Return what begins, goes on and ends. "
           "ValueError for a patch that starts before the next one could; the ones before it have been taken.")
      .def(
          "finish", [](EventDetector& detector) { return Copy(detector.Finish()); },
          "End what is going on; the next patch may start anywhere.")
      .def(
          "set_rules",
          [](EventDetector& detector, const RuleSet& rules) { return Copy(Unwrap(detector.SetRules(rules))); },
          "rules"_a, "Run other rules from now on; return the events this ends. ValueError leaves the running ones.")
      .def_prop_ro(
          "states",
          [](const EventDetector& detector) {
            std::vector<std::tuple<std::string, std::string>> states;
            for (size_t rule = 0; rule < detector.rules().rules().size(); ++rule)
              states.emplace_back(detector.rules().rules()[rule].name,
                                  std::string(sound_events::RuleStateName(detector.state(rule))));
            return states;
          },
          "(rule, 'idle' | 'rising' | 'on' | 'holding' | 'cooling') of each rule.")
      .def_prop_ro("next_sequence", &EventDetector::next_sequence);
}

}  // namespace

void BindSoundEvents(nb::module_& module) {
  BindLevels(module);
  BindPatterns(module);
  BindRules(module);
  BindDetector(module);
}

}  // namespace device_core
