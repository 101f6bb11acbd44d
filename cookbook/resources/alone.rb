# frozen_string_literal: true

# Stops and masks units of packages that would run the same program beside ours.
provides :pve_gitops_alone
resource_name :pve_gitops_alone
unified_mode true

property :service, String, name_property: true
property :program, String, required: true

action :run do
  PveGitops::Systemd.packaged(new_resource.program, but: "#{new_resource.service}.service").each do |unit|
    converge_by("mask #{unit}") { PveGitops::Systemd.mask(unit) }
  end
end
