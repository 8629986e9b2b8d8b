# Builds the pristine test database: schema, default data, test fixtures.
# Run once by up.sh with REDMINE_INSTANCE & co. set; never against a live database.
require '/usr/share/redmine/config/environment'

db = ActiveRecord::Base.connection
db.execute('PRAGMA synchronous=OFF')
db.execute('PRAGMA journal_mode=MEMORY')     # for this process only: 300 migrations need no fsync
ActiveRecord::Migration.verbose = false
ActiveRecord::Migrator.migrations_paths = ['/usr/share/redmine/db/migrate']   # default is relative to the cwd
ActiveRecord::Base.connection.migration_context.migrate
# The classes were loaded before their tables existed: forget the cached columns.
ActiveRecord::Base.descendants.each { |c| c.reset_column_information unless c.abstract_class? }
Setting.clear_cache

Redmine::DefaultData::Loader.load('en')
ActionMailer::Base.perform_deliveries = false

{ 'rest_api_enabled' => '1', 'default_language' => 'en', 'notified_events' => [],
  'jsonp_enabled' => '0', 'gravatar_enabled' => '0' }.each { |k, v| Setting[k] = v }

# A token's value is generated on create, so the fixed key has to be written afterwards.
# Only [a-z0-9] is accepted at lookup; 40 characters is the column's width.
def fix_key(user, key)
  Token.where(user_id: user.id, action: 'api').delete_all
  Token.create!(user: user, action: 'api').update_column(:value, key)
end

def person(login, first, last, key)
  u = User.new(firstname: first, lastname: last, mail: "#{login}@example.test", language: 'en')
  u.login = login
  u.password = u.password_confirmation = "#{login}-password"
  u.mail_notification = 'none'
  u.save!
  fix_key(u, key)
  u
end

admin = User.find_by!(login: 'admin')
admin.update_columns(must_change_passwd: false, passwd_changed_on: Time.now)   # else Basic auth is 403
fix_key(admin, 'ad' * 20)
bot   = person('bot',   'Help',  'Bot',   'b0' * 20)
alice = person('alice', 'Alice', 'Archer', 'a1' * 20)
bob   = person('bob',   'Bob',   'Baker', 'b1' * 20)

manager, developer, reporter = %w(Manager Developer Reporter).map { |n| Role.find_by!(name: n) }

def project(id, name, public_, trackers)
  p = Project.new(name: name, is_public: public_)
  p.identifier = id
  p.enabled_module_names = %w(issue_tracking time_tracking)
  p.trackers = trackers
  p.save!
  p
end

helpdesk = project('helpdesk', 'Help Desk', true, Tracker.all.to_a)
infra    = project('infra', 'Infrastructure', false, Tracker.where(name: %w(Bug Support)).to_a)

[[helpdesk, bot, manager], [infra, bot, manager], [helpdesk, alice, developer], [infra, bob, reporter]]
  .each { |pr, who, role| Member.create!(project: pr, principal: who, roles: [role]) }

%w(Mail Network Accounts).each { |n| IssueCategory.create!(project: helpdesk, name: n) }
IssueCategory.create!(project: infra, name: 'Servers')

IssueCustomField.create!(name: 'Channel', field_format: 'list', possible_values: %w(mail chat phone),
                         is_for_all: true, is_filter: true, trackers: Tracker.all.to_a, default_value: 'mail')

def issue(project, author, subject, tracker: 'Support', **rest)
  i = Issue.new
  i.project = project
  i.tracker = project.trackers.find_by!(name: tracker)
  i.author = author
  i.subject = subject
  rest.each { |k, v| i.send("#{k}=", v) }
  i.save!
  i
end

5.times { |n| issue(helpdesk, alice, "Helpdesk request #{n + 1}", assigned_to: (n.even? ? bot : nil)) }
3.times { |n| issue(infra, bob, "Infra fault #{n + 1}", tracker: 'Bug') }
puts "seeded: #{Issue.count} issues, #{User.active.count} users, #{Project.count} projects"
